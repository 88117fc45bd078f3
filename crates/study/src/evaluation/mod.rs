//! An evaluation of a model: every task by hash codes, by the answers of `search`, by embeddings,
//! and for a random order.

mod sheet;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ingest::{Listed, Rejected};
use network::{Encoder, Encoding, labelled};
use radiograph::dataset::Item;
use retrieval::SHORTLIST;
use retrieval::evaluation::{
    self, Labelled, Likeness, NearCopy, Options, Ranking, Role, Task, TaskResult,
};
use retrieval::{Embedding, HashCode};

use crate::near_copies;
use crate::progress::Observer;
use crate::relevance::{self, RelevanceReport};
use crate::roles::role;

/// The number of draws of the bootstrap.
const DRAWS: usize = 1000;

/// Encoded pictures and their items, in one order, and the near copies among them.
pub struct Encoded<'a> {
    items: Vec<Labelled>,
    /// The items as the data set has them.
    kept: Vec<&'a Item>,
    codes: Vec<HashCode>,
    embeddings: Vec<Embedding>,
    copies: Vec<NearCopy>,
    /// The pictures that are not readable.
    pub rejected: Vec<Rejected>,
}

/// A way of ranking pictures, and its name.
pub type Method<'a> = (Ranking<'a>, String);

impl<'a> Encoded<'a> {
    /// Encodes the readable pictures of the items. `heading` names the work.
    ///
    /// # Errors
    /// If the network fails.
    pub fn new(
        encoder: &Encoder,
        items: &[&'a Item],
        heading: &str,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let mut encoded = Self {
            items: Vec::new(),
            kept: Vec::new(),
            codes: Vec::new(),
            embeddings: Vec::new(),
            copies: Vec::new(),
            rejected: Vec::new(),
        };
        let progress = observer.images(heading, items.len());
        let listed: Vec<_> = items.iter().map(|item| Listed::from_item(item)).collect();
        let mut rest = items.iter();
        ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
            let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
            for (picture, encoding) in batch.pictures.iter().zip(encodings) {
                // Pictures come in the order of their rows, with the rejected ones left out.
                if let Some(item) = rest.find(|item| item.name == picture.record.name) {
                    encoded.push(item, encoding);
                }
            }
            encoded.rejected.extend(batch.rejected);
            progress.advance(batch.files);
            Ok(())
        })?;
        progress.finish();
        encoded.copies = near_copies::pairs(&encoded.kept);
        Ok(encoded)
    }

    fn push(&mut self, item: &'a Item, encoding: Encoding) {
        self.items.push(labelled(item, role(item)));
        self.kept.push(item);
        self.codes.push(encoding.code);
        self.embeddings.push(encoding.embedding);
    }

    /// Tells whether no picture is readable.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The number of readable pictures of a role.
    pub fn count(&self, wanted: Role) -> usize {
        self.items.iter().filter(|item| item.role == wanted).count()
    }

    /// The rankings: by codes, as `search` answers, by embeddings.
    pub fn methods(&self) -> [Method<'_>; 3] {
        let (codes, embeddings) = (&self.codes, &self.embeddings);
        let answers = Ranking::Answers { codes, embeddings, shortlist: SHORTLIST };
        let named = [
            (Ranking::Codes(codes), "codes"),
            (answers, "answers"),
            (Ranking::Embeddings(embeddings), "embeddings"),
        ];
        named.map(|(ranking, name)| (ranking, name.to_owned()))
    }

    /// Evaluates every task by each of the methods.
    ///
    /// # Errors
    /// If a task does not suit the pictures.
    pub fn measure(
        &self,
        tasks: &[Task],
        methods: &[Method],
        seed: u64,
    ) -> Result<Vec<TaskResult>> {
        let both = tasks.iter().flat_map(|task| methods.iter().map(move |method| (task, method)));
        both.map(|(task, (ranking, method))| evaluate(task, &self.items, ranking, method, seed))
            .collect()
    }

    /// The likeness of answers by each of the methods.
    ///
    /// # Errors
    /// If there is nothing to measure.
    pub fn likeness(&self, methods: &[Method], seed: u64) -> Result<Vec<Likeness>> {
        let options = Options { bootstrap: DRAWS, seed };
        let of = |(ranking, method): &Method| {
            Ok(evaluation::likeness(&self.items, &self.copies, ranking, method, &options)?)
        };
        methods.iter().map(of).collect()
    }

    /// The reliability of the model's estimates, and their result for strangers. `None` for a model
    /// without them.
    ///
    /// # Errors
    /// If there are strangers, but no estimates; if a stranger's path cannot be read.
    pub fn relevance(
        &self,
        encoder: &Encoder,
        strangers: &[PathBuf],
    ) -> Result<Option<RelevanceReport>> {
        let Some(estimator) = encoder.card().estimator.as_ref() else {
            if strangers.is_empty() {
                return Ok(None);
            }
            bail!(
                "the model has no estimator for --strangers; train it anew, with a validation part"
            );
        };
        let Self { items, codes, embeddings, .. } = self;
        let mut report = relevance::measure(estimator, items, codes, embeddings);
        if !strangers.is_empty() {
            let listed = ingest::list_paths(strangers)?;
            let mut found = Vec::new();
            ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
                let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
                found.extend(encodings.into_iter().map(|encoding| encoding.embedding));
                Ok(())
            })?;
            report.add_strangers(estimator, &found);
        }
        Ok(Some(report))
    }
}

/// A network of the model's shape with random weights, and codes of the same length.
///
/// # Errors
/// If the network cannot be made.
pub fn untrained(encoder: &Encoder, seed: u64) -> Result<Encoder> {
    let architecture = &encoder.card().architecture;
    let untrained = Encoder::untrained(architecture, encoder.preprocess(), encoder.labels(), seed)?;
    Ok(untrained.shortened(encoder.bits())?)
}

/// Evaluates one task by one method, with 1,000 draws of the bootstrap.
///
/// # Errors
/// If the task does not suit the items.
pub fn evaluate(
    task: &Task,
    items: &[Labelled],
    ranking: &Ranking,
    method: &str,
    seed: u64,
) -> Result<TaskResult> {
    let options = Options { bootstrap: DRAWS, seed };
    evaluation::evaluate(task, items, ranking, method, &options)
        .with_context(|| format!("cannot measure the task `{}`", task.name))
}
