//! The page and the objects of a saved answer. They say under which name, by which question and
//! after which judgements it was given.

use answers::html::{Page, render};
use answers::{Asked as Drawn, Illustrator, PAGE_MAX_BYTES, export_answer, page};
use gallery::Gallery;
use interchange::Answer;
use retrieval::estimate::Estimate;

use super::search::{Asked, Found};
use crate::error::Problem;
use crate::state::State;

/// The longer side of the kept query picture, in pixels.
pub(super) const SIDE: u32 = 512;

/// A saved answer's name, and the note on it.
pub(super) struct Title {
    pub(super) name: String,
    pub(super) note: String,
}

/// An answer that is being saved.
pub(super) struct Report<'a> {
    pub(super) shared: &'a State,
    pub(super) gallery: &'a Gallery,
    pub(super) asked: &'a Asked,
    pub(super) title: &'a Title,
}

impl Report<'_> {
    /// The page of an answer.
    pub(super) fn page(&self, found: &Found) -> Result<Vec<u8>, Problem> {
        let Self { shared, gallery, asked, .. } = self;
        let mut queries = Vec::new();
        for picture in &asked.pictures {
            let (small, look) = (picture.small(SIDE)?, picture.look(&shared.encoder)?);
            queries.push(Drawn::Image(&picture.record, small, look));
        }
        let entries = if queries.is_empty() { &asked.body.like[..] } else { &[] };
        let entries = entries.iter().map(|&id| Ok((id, gallery.record(id)?)));
        let entries = entries.collect::<Result<Vec<_>, Problem>>()?;
        queries.extend(entries.iter().map(|(id, record)| Drawn::Entry(*id, record)));
        let mut answer = Illustrator::new(&shared.encoder, gallery).answer(&queries, &found.0)?;
        for query in &mut answer.queries {
            query.name = match query.name.as_str() {
                "" => "uploaded picture".to_owned(),
                name => last(name).to_owned(),
            };
        }
        if self.moved() {
            for (card, hit) in answer.neighbors.iter_mut().zip(&found.0) {
                card.distance = Some(format!("{:.3} from the moved query", hit.euclidean));
            }
        }
        let page = page(gallery, vec![answer]);
        let intro = [self.question(), vec![self.judgements()?, estimate(found.1.as_ref())]];
        let intro = [intro.concat(), page.intro].concat();
        let intro = intro.into_iter().filter(|line| !line.is_empty()).collect();
        let page = Page { title: self.title.name.trim().to_owned(), intro, ..page };
        Ok(render(&page, PAGE_MAX_BYTES).into_bytes())
    }

    /// The answer in the form for other systems. `None` after feedback, which that form cannot
    /// express.
    pub(super) fn export(&self, (hits, estimate): &Found) -> Option<Answer> {
        let Self { shared, gallery, asked, .. } = self;
        if !(asked.body.like.is_empty() && asked.body.unlike.is_empty()) {
            return None;
        }
        let key = asked.pictures.first().map(|picture| picture.record.key.clone());
        let key = key.unwrap_or_default();
        let viewer = shared.settings.viewer.as_deref().and_then(|viewer| viewer.parse().ok());
        let found = (&hits[..], estimate.as_ref());
        let answer = export_answer(&shared.encoder, gallery, key, found, viewer.as_ref());
        Some(Answer { question: self.question(), ..answer })
    }

    /// Name, note, and what the gallery was asked, a line each.
    fn question(&self) -> Vec<String> {
        let (Title { name, note }, body) = (self.title, &self.asked.body);
        let mut lines = vec![format!("Saved as: {}", name.trim())];
        if !note.trim().is_empty() {
            lines.push(format!("Note: {}", note.trim()));
        }
        lines.push(match body.queries.len() {
            0 => "Query: pictures of the gallery".to_owned(),
            1 => "Query: an uploaded picture".to_owned(),
            count => format!("Query: {count} uploaded pictures, to any of which an answer is near"),
        });
        lines.push(match body.filter.as_deref().map(str::trim) {
            None | Some("") => "Filter: none".to_owned(),
            Some(filter) => format!("Filter: {filter}"),
        });
        if body.group_by_patient {
            lines.push("Each patient once, by the most similar picture.".to_owned());
        }
        lines
    }

    /// True if judgements moved the query. A single picture of the gallery is asked about as it is.
    fn moved(&self) -> bool {
        let body = &self.asked.body;
        let judged = body.like.len() + body.unlike.len();
        judged > 1 || (judged == 1 && !(body.queries.is_empty() && body.unlike.is_empty()))
    }

    /// The pictures that were judged; empty without feedback.
    fn judgements(&self) -> Result<String, Problem> {
        if !self.moved() {
            return Ok(String::new());
        }
        let names = |ids: &[u64]| -> Result<String, Problem> {
            let name = |&id: &u64| Ok(last(&self.gallery.record(id)?.name).to_owned());
            let names = ids.iter().map(name).collect::<Result<Vec<_>, Problem>>()?;
            Ok(if names.is_empty() { "none".to_owned() } else { names.join(", ") })
        };
        let body = &self.asked.body;
        Ok(format!(
            "Feedback: like {}; unlike {}. It moved the query, so distances are not those to the \
             picture asked with, and there are no estimates.",
            names(&body.like)?,
            names(&body.unlike)?
        ))
    }
}

/// The estimate in a sentence; empty without one.
fn estimate(estimate: Option<&Estimate>) -> String {
    match estimate {
        None => String::new(),
        Some(Estimate { novel: true, .. }) => {
            "Nothing similar enough: the query is unlike everything that the model knows."
                .to_owned()
        }
        Some(Estimate { nothing_similar: true, .. }) => {
            "Nothing similar enough: even the first answer is hardly relevant.".to_owned()
        }
        Some(Estimate { precision, .. }) => format!(
            "Expected to be relevant among the first ten: {:.0} %. Relevant means: the same part \
             of the body, and a finding in common, or none in both.",
            100.0 * precision
        ),
    }
}

/// A file's name without its folders.
fn last(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
