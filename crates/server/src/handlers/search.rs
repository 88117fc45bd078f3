//! The search: from a question's pictures, feedback and filter to hits, with estimates and the
//! labels that they share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use answers::relevance_at;
use answers::{Question, answer};
use axum::Extension;
use axum::extract::State;
use gallery::{Filter, Gallery, Hit};
use retrieval::MAX_BITS;
use retrieval::estimate::Estimate;

use crate::body::Json;
use crate::error::Problem;
use crate::guard::Shown;
use crate::pictures::Picture;
use crate::state::{App, State as Shared};
use crate::views::{
    AskedView, EstimateView, HitView, MillisecondsView, RecordView, SearchBody, SearchView,
    TallyView,
};

/// The most hits, and the most pictures in a question.
const MOST_HITS: usize = 1000;
const MOST_RERANKED: usize = 10_000;
const MOST_PICTURES: usize = 16;
const MOST_JUDGED: usize = 100;
/// The greatest age of a healthy database's state.
const CURRENT: Duration = Duration::from_secs(5);

/// A search whose pictures were found.
pub(super) struct Asked {
    pub(super) body: SearchBody,
    pub(super) pictures: Vec<Arc<Picture>>,
    filter: Option<Filter>,
}

/// The hits, and their estimates.
pub(super) type Found = (Vec<Hit>, Option<Estimate>);

pub(crate) async fn search(
    State(app): State<App>,
    Json(body): Json<SearchBody>,
) -> Result<(Extension<Shown>, Json<SearchView>), Problem> {
    let asked = Asked::new(&app, body)?;
    let (shared, queries) = (App::clone(&app), asked.body.queries.clone());
    let find = move || {
        let look = |gallery: &Gallery| {
            let (found, took) = asked.find(&shared, gallery)?;
            Ok(asked.view(found, shared.encoder.bits(), took, gallery.age()))
        };
        if asked.body.newest { shared.with_newest_gallery(look) } else { shared.with_gallery(look) }
    };
    let view = app.reading.run(find).await?;
    Ok((shown(&view, queries), Json(view)))
}

/// The shown pictures, for the audit log.
pub(super) fn shown(view: &SearchView, queries: Vec<String>) -> Extension<Shown> {
    Extension(Shown {
        records: view.hits.iter().map(|hit| hit.id).collect(),
        queries,
        ..Shown::default()
    })
}

fn check(body: &SearchBody) -> Result<(), Problem> {
    let within = |name: &str, got: usize, least: usize, most: usize| match (least..=most)
        .contains(&got)
    {
        true => Ok(()),
        false => Err(Problem::invalid(format!("{got} as `{name}`"), format!("{least} to {most}"))),
    };
    within("k", body.k, 1, MOST_HITS)?;
    within("rerank", body.rerank, 1, MOST_RERANKED)?;
    within("within", body.within.unwrap_or(0) as usize, 0, MAX_BITS)?;
    within("number of `queries`", body.queries.len(), 0, MOST_PICTURES)?;
    within("number of `like` and `unlike`", body.like.len() + body.unlike.len(), 0, MOST_JUDGED)?;
    let ids = body.like.iter().chain(&body.unlike);
    // Ids are SQLite's, which are signed.
    if ids.copied().any(|id| i64::try_from(id).is_err()) {
        Err(Problem::UnknownRecord)
    } else {
        Ok(())
    }
}

impl Asked {
    /// Checks a search and looks up its pictures.
    ///
    /// # Errors
    /// If a value is not allowed, the filter cannot be parsed, or a picture is gone.
    pub(super) fn new(shared: &Shared, body: SearchBody) -> Result<Self, Problem> {
        check(&body)?;
        let filter = body.filter.as_deref().map(str::parse::<Filter>).transpose()?;
        let pictures =
            body.queries.iter().map(|id| shared.queries.get(id)).collect::<Result<_, _>>()?;
        Ok(Self { body, pictures, filter })
    }

    /// Runs the search on a gallery. Also returns its time in milliseconds.
    pub(super) fn find(
        &self,
        shared: &Shared,
        gallery: &Gallery,
    ) -> Result<(Found, MillisecondsView), Problem> {
        let encoded: Vec<_> = self.pictures.iter().map(|p| (&p.record, &p.encoding)).collect();
        let body = &self.body;
        let question = Question {
            pictures: &encoded,
            like: &body.like,
            unlike: &body.unlike,
            k: body.k,
            within: body.within,
            order: body.order.of(body.rerank),
            filter: self.filter.as_ref(),
            group_by_patient: body.group_by_patient,
            include_same_patient: body.include_same_patient,
        };
        let start = Instant::now();
        let found = answer(gallery, &shared.encoder, &question)?;
        let search = start.elapsed().as_secs_f64() * 1000.0;
        let encode = self.pictures.iter().map(|picture| picture.encoded_in).sum();
        Ok((found, MillisecondsView { encode, search }))
    }

    /// The answer, as JSON.
    pub(super) fn view(
        &self,
        (hits, estimate): Found,
        bits: usize,
        milliseconds: MillisecondsView,
        age: Duration,
    ) -> SearchView {
        let stale_seconds = (age > CURRENT).then_some(age.as_secs_f64());
        let tally = tally(&hits);
        let nothing_similar =
            hits.is_empty() || estimate.as_ref().is_some_and(|estimate| estimate.nothing_similar);
        let hit = |(place, hit): (usize, Hit)| HitView {
            id: hit.id,
            distance: hit.distance,
            euclidean: hit.euclidean,
            relevance: relevance_at(place, estimate.as_ref()),
            record: RecordView::from((hit.id, hit.record)),
        };
        let hits = hits.into_iter().enumerate().map(hit).collect();
        let estimate =
            estimate.map(|Estimate { precision, novel, .. }| EstimateView { precision, novel });
        let asked = AskedView::from(&self.body);
        SearchView {
            asked,
            hits,
            bits,
            estimate,
            tally,
            milliseconds,
            stale_seconds,
            nothing_similar,
        }
    }
}

/// The number of hits with each label, most first.
fn tally(hits: &[Hit]) -> Vec<TallyView> {
    let mut counts = HashMap::<&String, usize>::new();
    for label in hits.iter().flat_map(|hit| &hit.record.labels) {
        *counts.entry(label).or_default() += 1;
    }
    let view = |(label, count): (&String, usize)| TallyView { label: label.clone(), count };
    let mut tally: Vec<_> = counts.into_iter().map(view).collect();
    tally.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.label.cmp(&b.label)));
    tally
}
