//! An experiment: the data and the folder of a comparison's runs. A run's encodings are made once,
//! and then read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ingest::Listed;
use network::{DeviceChoice, Encoder, TrainConfig, TrainOptions, TrainReport};
use radiograph::dataset::{Dataset, Item};
use retrieval::ModelId;

use super::config::{CompareConfig, Kind};
use super::encodings::{Cost, Encodings, in_order};
use super::run::Run;
use super::shallow;
use crate::progress::Observer;

/// The folder of the runs, in that of the comparison.
const CELLS: &str = "cells";

/// The name of the file with a run's results, in its folder.
const ENCODINGS: &str = "encodings.safetensors";

/// The name of the file with a run's network.
const MODEL: &str = "model.safetensors";

/// The common setting of the runs.
pub struct Experiment<'a> {
    pub(crate) config: &'a CompareConfig,
    /// The configuration's file, for messages.
    pub(crate) path: &'a Path,
    pub(crate) dataset: &'a Dataset,
    /// The encoded items: gallery and queries.
    pub(crate) items: Vec<&'a Item>,
    pub(crate) out: &'a Path,
    pub(crate) device: DeviceChoice,
    pub(crate) observer: &'a dyn Observer,
    /// The starting point of each seed's networks, once it is known. Finding it out again would
    /// read all pictures.
    starts: RefCell<BTreeMap<u64, Option<Start>>>,
}

/// The model that networks start from.
#[derive(Clone)]
struct Start {
    model: PathBuf,
    model_id: ModelId,
}

impl<'a> Experiment<'a> {
    /// An experiment of a configuration, with its file. `items` of the data set are encoded:
    /// gallery and queries. The runs are kept in the folder `out`.
    pub fn new(
        (config, path): (&'a CompareConfig, &'a Path),
        (dataset, items): (&'a Dataset, Vec<&'a Item>),
        out: &'a Path,
        device: DeviceChoice,
        observer: &'a dyn Observer,
    ) -> Self {
        let starts = RefCell::default();
        Self { config, path, dataset, items, out, device, observer, starts }
    }

    /// The run of the reference method from which pictures are drawn: the first code length, the
    /// first seed.
    pub(crate) fn ours(&self) -> Result<Run<'_>> {
        self.source(&self.config.ours, self.config.seeds[0])
    }

    /// The folder of a run.
    pub(crate) fn folder(&self, run: &Run) -> PathBuf {
        self.out.join(CELLS).join(run.name())
    }

    /// The encodings of a run, which is made if necessary.
    pub(crate) fn make(&self, run: &Run) -> Result<Encodings> {
        let made = match run.method.kind()? {
            Kind::Network => self.network(run),
            Kind::Fitted(of) => self.fitted(run, of),
            Kind::Untrained => self.untrained(run),
            Kind::HashedFeatures(hashing, feature) => {
                let preprocess = self.training_of(run)?.preprocess;
                let recipe = format!("{hashing:?} {feature:?} {preprocess:?}");
                self.kept(run, &recipe, || {
                    let observer = self.observer;
                    shallow::hash_features(
                        &self.items,
                        &preprocess,
                        run,
                        (hashing, feature),
                        observer,
                    )
                })
            }
            Kind::HashedEmbeddings(hashing, of) => {
                let source = self.make(&self.source(of, run.seed)?)?;
                let recipe = format!("{hashing:?} of {}", source.about.recipe);
                self.kept(run, &recipe, || {
                    shallow::hash_embeddings(&self.items, run, hashing, &source)
                })
            }
            Kind::Embeddings(of) => self.make(&self.source(of, run.seed)?),
        };
        made.with_context(|| format!("cannot make the cell `{}`", run.name()))
    }

    /// The run of a method at the first code length.
    fn source(&self, of: &str, seed: u64) -> Result<Run<'_>> {
        let method = self.config.methods.iter().find(|method| method.name == of);
        let method = method.with_context(|| format!("there is no method `{of}`"))?;
        Ok(Run { method, bits: self.config.bits[0], seed })
    }

    /// The training configuration of a run; the common one if it is no network.
    pub(crate) fn training_of(&self, run: &Run) -> Result<TrainConfig> {
        self.config.training_of(run.method, run.bits, run.seed, self.path)
    }

    /// The encodings in a run's folder, if they were made by this recipe. Otherwise runs `make`
    /// and keeps its result.
    fn kept(
        &self,
        run: &Run,
        recipe: &str,
        make: impl FnOnce() -> Result<Encodings>,
    ) -> Result<Encodings> {
        let folder = self.folder(run);
        let file = folder.join(ENCODINGS);
        match Encodings::read(&file)? {
            Some(other)
                if in_order(&self.items, &other.about.names).len() != other.about.names.len() =>
            {
                bail!(
                    "`{}` was made of other data; remove it, or compare into another folder",
                    folder.display()
                )
            }
            Some(encodings) if encodings.about.recipe == recipe => Ok(encodings),
            Some(_) => bail!(
                "`{}` was made by another configuration; remove it, or compare into another folder",
                folder.display()
            ),
            None => {
                fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot make `{}`", folder.display()))?;
                let mut encodings = make()?;
                encodings.about.recipe = recipe.to_owned();
                encodings.write(&file)?;
                Ok(encodings)
            }
        }
    }

    fn network(&self, run: &Run) -> Result<Encodings> {
        let mut config = self.training_of(run)?;
        let start = if run.method.from_scratch { None } else { self.pretrained(run.seed)? };
        let recipe = format!(
            "{}\n# from {:?}",
            toml::to_string(&config)?,
            start.as_ref().map(|s| &s.model_id)
        );
        config.optimisation.pretrained = start.map(|start| start.model);
        let encodings = self.kept(run, &recipe, || {
            let folder = self.folder(run);
            let report = self.train(&run.name(), &config, &folder)?;
            let mut encodings =
                self.encode(&Encoder::load(&report.model, self.device)?, &run.name())?;
            encodings.about.cost.training_seconds =
                report.history.iter().map(|epoch| epoch.seconds).sum();
            Ok(encodings)
        })?;
        // This comes after the encodings are there, so that a kill before continues from the
        // checkpoint.
        remove_checkpoints(&self.folder(run))?;
        Ok(encodings)
    }

    /// The encodings by the network of another method at the first code length, with a hash layer
    /// fitted for this run.
    fn fitted(&self, run: &Run, of: &str) -> Result<Encodings> {
        let source = self.source(of, run.seed)?;
        let trained = self.make(&source)?.about;
        let config = self.training_of(&source)?;
        self.kept(run, &format!("fitted to {} bits: {}", run.bits, trained.recipe), || {
            let (start, model) = (Instant::now(), self.folder(&source).join(MODEL));
            let kinds = &config.relevance;
            let fitted =
                network::calibrate(&model, self.dataset, &config.data, kinds, &[run.bits])?;
            let seconds = start.elapsed().as_secs_f64();
            let model = self.folder(run).join(MODEL);
            files::write(&model, fitted.model)?;
            let mut encodings = self.encode(&Encoder::load(&model, self.device)?, &run.name())?;
            encodings.about.cost.training_seconds = trained.cost.training_seconds + seconds;
            Ok(encodings)
        })
    }

    /// The model of the reference method from which pictures are drawn; `None` if it is no trained
    /// network.
    ///
    /// # Errors
    /// If the method is of no kind.
    pub fn our_model(&self) -> Result<Option<(TrainConfig, PathBuf)>> {
        let run = self.ours()?;
        match run.method.kind()? {
            Kind::Network | Kind::Fitted(_) => {
                Ok(Some((self.training_of(&run)?, self.folder(&run).join(MODEL))))
            }
            _ => Ok(None),
        }
    }

    /// The starting point of a seed's networks. It is trained once; a finished run is only read.
    fn pretrained(&self, seed: u64) -> Result<Option<Start>> {
        if let Some(known) = self.starts.borrow().get(&seed) {
            return Ok(known.clone());
        }
        let start = match self.config.pretraining_of(seed, self.path)? {
            Some(config) => {
                let name = format!("pretraining-{seed}");
                let report = self.train(&name, &config, &self.out.join(CELLS).join(&name))?;
                Some(Start { model: report.model, model_id: report.model_id })
            }
            None => None,
        };
        self.starts.borrow_mut().insert(seed, start.clone());
        Ok(start)
    }

    fn train(&self, name: &str, config: &TrainConfig, folder: &Path) -> Result<TrainReport> {
        let options =
            TrainOptions { out: folder.to_owned(), resume: true, seed: None, device: self.device };
        let mut show = self.observer.training(name);
        Ok(network::train(config, self.dataset, &options, &mut |event| show(&event))?)
    }

    fn untrained(&self, run: &Run) -> Result<Encodings> {
        let config = self.training_of(run)?;
        self.kept(run, &format!("untrained {}", toml::to_string(&config)?), || {
            let encoder =
                Encoder::untrained(&config.architecture, &config.preprocess, &[], run.seed)?;
            self.encode(&encoder, &run.name())
        })
    }

    /// Encodes gallery and queries.
    fn encode(&self, encoder: &Encoder, name: &str) -> Result<Encodings> {
        let listed: Vec<_> = self.items.iter().map(|item| Listed::from_item(item)).collect();
        let progress = self.observer.images(&format!("{name}: encoding"), listed.len());
        let (mut encodings, mut seconds) = (Encodings::default(), 0.0);
        ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
            let start = Instant::now();
            for encoding in ingest::encode_pictures(encoder, &batch.pictures)? {
                encodings.codes.push(encoding.code);
                encodings.embeddings.push(encoding.embedding);
            }
            seconds += start.elapsed().as_secs_f64();
            encodings
                .about
                .names
                .extend(batch.pictures.into_iter().map(|picture| picture.record.name));
            progress.advance(batch.files);
            Ok(())
        })?;
        progress.finish();
        let encoding_milliseconds = 1e3 * seconds / encodings.codes.len().max(1) as f64;
        encodings.about.cost = Cost { encoding_milliseconds, ..Cost::default() };
        Ok(encodings)
    }
}

/// Removes a run's checkpoints. A finished run needs none, and each takes as much as three models.
fn remove_checkpoints(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_checkpoint = |name: &str| name.starts_with("checkpoint-") || name == "state.json";
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_checkpoint) {
            fs::remove_file(&path)
                .with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
    }
    Ok(())
}
