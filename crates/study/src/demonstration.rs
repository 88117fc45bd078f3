//! A demonstration on samples: a gallery of some, the answers to others, figures, and a page.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use answers::html::{Page, Table};
use answers::{Asked, Illustrator, example};
use anyhow::{Context, Result, bail};
use gallery::{Gallery, Hit, Query};
use ingest::{Batch, Decoded, Listed, Rejected};
use network::{Encoder, Encoding, labelled};
use radiograph::dataset::{Dataset, Item, Split};
use retrieval::HashCode;
use retrieval::evaluation::{self, Ranking, Role, TaskResult};

use crate::evaluation::evaluate;
use crate::progress::Observer;
use crate::report::figures::figure;

/// The number of neighbours of each query.
const NEIGHBORS: usize = 10;
/// The seed of the intervals.
const SEED: u64 = 1;

/// The heads of a table of figures.
pub const HEADS: [&str; 4] = ["task", "queries", "P@10", "mAP"];

/// The cells of a row of figures.
pub fn cells(result: &TaskResult) -> Vec<String> {
    let head = [result.task.clone(), result.queries.to_string()];
    head.into_iter().chain([&result.p_at_10, &result.map_all].map(figure)).collect()
}

/// Pictures to search among, and pictures to ask about.
pub struct Samples<'a> {
    database: Vec<&'a Item>,
    queries: Vec<&'a Item>,
}

/// The answers to the queries.
#[derive(Default)]
pub struct Answers {
    /// The queries that could be read.
    pub answered: Vec<Answered>,
    /// The others.
    pub rejected: Vec<Rejected>,
    /// The time of decoding, encoding and searching, in seconds.
    pub seconds: f64,
}

/// A query and its neighbours.
pub struct Answered {
    /// The query.
    pub picture: Decoded,
    encoding: Encoding,
    /// The neighbours, nearest first.
    pub hits: Vec<Hit>,
}

impl<'a> Samples<'a> {
    /// The samples of a data set: its splits `database` and `query`.
    ///
    /// # Errors
    /// If one of them has no row. `folder` is named then.
    pub fn of(dataset: &'a Dataset, folder: &Path) -> Result<Self> {
        let of_split = |split| -> Vec<&Item> {
            dataset.items.iter().filter(|item| item.split == Some(split)).collect()
        };
        let samples = Self { database: of_split(Split::Database), queries: of_split(Split::Query) };
        if samples.database.is_empty() || samples.queries.is_empty() {
            bail!(
                "`{}` needs rows of the split `database` and rows of the split `query`",
                folder.display()
            );
        }
        Ok(samples)
    }

    /// The files to search among.
    pub fn listed(&self) -> Vec<Listed> {
        self.database.iter().map(|item| Listed::from_item(item)).collect()
    }

    /// Opens or makes the gallery of these samples, to be filled. It is without the pictures that
    /// an earlier demonstration left there.
    ///
    /// # Errors
    /// If the gallery or its folder fails.
    pub fn gallery(&self, folder: &Path, encoder: &Encoder) -> Result<Gallery> {
        // Only a folder that opens as a gallery is ever removed.
        if Gallery::open(folder).is_ok_and(|gallery| gallery.model() != encoder.model_id()) {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove `{}`", folder.display()))?;
        }
        let parent = folder.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the folder `{}`", parent.display()))?;
        let mut gallery = Gallery::open_or_create(folder, encoder.model_id(), encoder.bits())?;
        let mut others = Vec::new();
        for id in gallery.ids() {
            let record = gallery.record(id)?;
            let is_sample = |item: &&Item| item.name == record.name && item.labels == record.labels;
            if !self.database.iter().any(is_sample) {
                others.push(id);
            }
        }
        gallery.delete(&others)?;
        Ok(gallery)
    }

    /// Asks the gallery about every query.
    ///
    /// # Errors
    /// If the network or the gallery fails.
    pub fn ask(
        &self,
        gallery: &Gallery,
        encoder: &Encoder,
        observer: &dyn Observer,
    ) -> Result<Answers> {
        let (start, mut answers) = (Instant::now(), Answers::default());
        let progress = observer.images("asking", self.queries.len());
        let listed: Vec<_> = self.queries.iter().map(|item| Listed::from_item(item)).collect();
        ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
            progress.advance(batch.files);
            answers.add(batch, gallery, encoder)
        })?;
        progress.finish();
        answers.seconds = start.elapsed().as_secs_f64();
        Ok(answers)
    }

    /// Evaluates the built-in tasks that suit the samples.
    ///
    /// # Errors
    /// If the gallery fails.
    pub fn measure(&self, gallery: &Gallery, answers: &Answers) -> Result<Vec<TaskResult>> {
        let mut codes_by_name: HashMap<String, HashCode> = HashMap::new();
        for id in gallery.ids() {
            codes_by_name.insert(gallery.record(id)?.name, gallery.code(id)?);
        }
        let of_queries = answers.answered.iter();
        codes_by_name
            .extend(of_queries.map(|one| (one.picture.record.name.clone(), one.encoding.code)));
        let (mut items, mut codes) = (Vec::new(), Vec::new());
        let roles = self.database.iter().map(|item| (item, Role::Gallery));
        for (item, role) in roles.chain(self.queries.iter().map(|item| (item, Role::Query))) {
            if let Some(code) = codes_by_name.get(&item.name) {
                items.push(labelled(item, role));
                codes.push(*code);
            }
        }
        // A task about a source or label that the samples lack cannot be measured.
        Ok(evaluation::default_tasks()
            .iter()
            .filter_map(|task| evaluate(task, &items, &Ranking::Codes(&codes), "codes", SEED).ok())
            .collect())
    }
}

impl Answers {
    fn add(&mut self, batch: Batch, gallery: &Gallery, encoder: &Encoder) -> Result<()> {
        self.rejected.extend(batch.rejected);
        let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
        for (picture, encoding) in batch.pictures.into_iter().zip(encodings) {
            let question = [example(&picture.record, &encoding)];
            let hits = gallery.search(&Query::nearest(&question, NEIGHBORS))?;
            self.answered.push(Answered { picture, encoding, hits });
        }
        Ok(())
    }

    /// The page of the figures and the answers.
    ///
    /// # Errors
    /// If a picture cannot be drawn.
    pub fn page(
        &self,
        encoder: &Encoder,
        gallery: &Gallery,
        figures: &[TaskResult],
        observer: &dyn Observer,
    ) -> Result<Page> {
        let mut illustrator = Illustrator::new(encoder, gallery);
        let progress = observer.images("drawing", self.answered.len());
        let mut drawn = Vec::new();
        for one in &self.answered {
            drawn.push(illustrator.answer(&[Asked::decoded(&one.picture, encoder)?], &one.hits)?);
            progress.advance(1);
        }
        progress.finish();
        let caption = "Measured on these samples; a small set, so read the 95 % intervals. mAP over all relevant.";
        let figures = Table {
            caption: caption.to_owned(),
            heads: HEADS.map(str::to_owned).into(),
            rows: figures.iter().map(cells).collect(),
        };
        Ok(Page {
            title: "Skiagraph: similar radiographs".to_owned(),
            intro: vec![intro(gallery)],
            figures: Some(figures),
            sections: Vec::new(),
            answers: drawn,
        })
    }
}

fn intro(gallery: &Gallery) -> String {
    format!(
        "Each query and the {NEIGHBORS} most similar pictures of a gallery of {}: those with the nearest embeddings among \
         the nearest {}-bit hash codes. Pictures of the same patient, where patients are known, never answer. A tick marks a \
         shared label; a whole green frame, that all of the query's labels are shared; a dotted one, some. Brighter \
         colours: where the network looked. Not for diagnosis.",
        gallery.len(),
        gallery.bits(),
    )
}
