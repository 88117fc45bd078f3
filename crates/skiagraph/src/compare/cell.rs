//! A cell: one method at one code length with one seed. It is made once, and then read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use network::{DeviceChoice, Encoder, TrainConfig, TrainOptions, TrainReport};
use radiograph::dataset::{Dataset, Item};
use retrieval::ModelId;

use super::config::{CompareConfig, Kind, Method};
use super::encodings::{About, Cost, Encodings};
use super::shallow::{self, in_order};
use crate::commands::train::Display;
use crate::ingest::{self, Listed};
use crate::output;
use crate::progress::Progress;

/// The name of the file with a cell's results, in its folder.
const ENCODINGS: &str = "encodings.safetensors";

/// The name of the file with a cell's network.
const MODEL: &str = "model.safetensors";

/// A method, a code length and a seed.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) method: &'a Method,
    pub(crate) bits: usize,
    pub(crate) seed: u64,
}

impl Cell<'_> {
    /// The cell's name, which is also its folder's.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}-{}", self.method.slug(), self.bits, self.seed)
    }
}

/// All cells: first those of the tables, seed by seed, then those of the other code lengths.
pub(crate) fn cells(config: &CompareConfig) -> Vec<Cell<'_>> {
    let made =
        || config.methods.iter().filter(|method| !matches!(method.kind(), Ok(Kind::Embeddings(_))));
    let first = config
        .seeds
        .iter()
        .flat_map(|&seed| made().map(move |method| (method, config.bits[0], seed)));
    let others = config.bits[1..].iter().flat_map(|&bits| {
        made()
            .filter(|method| !method.first_bits_only)
            .map(move |method| (method, bits, config.seeds[0]))
    });
    first.chain(others).map(|(method, bits, seed)| Cell { method, bits, seed }).collect()
}

/// The place where cells are made.
pub(crate) struct Workshop<'a> {
    pub(crate) config: &'a CompareConfig,
    /// The configuration's file, for messages.
    pub(crate) path: &'a Path,
    pub(crate) dataset: &'a Dataset,
    /// The encoded items: gallery and queries.
    pub(crate) items: Vec<&'a Item>,
    pub(crate) out: &'a Path,
    pub(crate) device: DeviceChoice,
    /// The starting point of each seed's networks, once it is known. Finding it out again would
    /// read all pictures.
    pub(crate) starts: RefCell<BTreeMap<u64, Option<Start>>>,
}

/// The model that networks start from.
#[derive(Clone)]
pub(crate) struct Start {
    model: PathBuf,
    model_id: ModelId,
}

impl Workshop<'_> {
    /// The cell of the reference method from which pictures are drawn: the first code length, the
    /// first seed.
    pub(crate) fn ours(&self) -> Result<Cell<'_>> {
        self.source(&self.config.ours, self.config.seeds[0])
    }

    /// The folder of a cell.
    pub(crate) fn folder(&self, cell: &Cell) -> PathBuf {
        self.out.join("cells").join(cell.name())
    }

    /// The encodings of a cell, which is made if necessary.
    pub(crate) fn make(&self, cell: &Cell) -> Result<Encodings> {
        let made = match cell.method.kind()? {
            Kind::Network => self.network(cell),
            Kind::Fitted(of) => self.fitted(cell, of),
            Kind::Untrained => self.untrained(cell),
            Kind::HashedFeatures(hashing, feature) => {
                let recipe =
                    format!("{hashing:?} {feature:?} {:?}", self.training_of(cell)?.preprocess);
                self.kept(cell, &recipe, || shallow::hash_features(self, cell, hashing, feature))
            }
            Kind::HashedEmbeddings(hashing, of) => {
                let source = self.make(&self.source(of, cell.seed)?)?;
                let recipe = format!("{hashing:?} of {}", source.about.recipe);
                self.kept(cell, &recipe, || shallow::hash_embeddings(self, cell, hashing, &source))
            }
            Kind::Embeddings(of) => self.make(&self.source(of, cell.seed)?),
        };
        made.with_context(|| format!("cannot make the cell `{}`", cell.name()))
    }

    /// The cell of a method at the first code length.
    fn source(&self, of: &str, seed: u64) -> Result<Cell<'_>> {
        let method = self.config.methods.iter().find(|method| method.name == of);
        let method = method.with_context(|| format!("there is no method `{of}`"))?;
        Ok(Cell { method, bits: self.config.bits[0], seed })
    }

    /// The training configuration of a cell; the common one if it is no network.
    pub(crate) fn training_of(&self, cell: &Cell) -> Result<TrainConfig> {
        self.config.training_of(cell.method, cell.bits, cell.seed, self.path)
    }

    /// The encodings in a cell's folder, if they were made by this recipe. Otherwise runs `make`
    /// and keeps its result.
    fn kept(
        &self,
        cell: &Cell,
        recipe: &str,
        make: impl FnOnce() -> Result<Encodings>,
    ) -> Result<Encodings> {
        let folder = self.folder(cell);
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

    fn network(&self, cell: &Cell) -> Result<Encodings> {
        let mut config = self.training_of(cell)?;
        let start = if cell.method.from_scratch { None } else { self.pretrained(cell.seed)? };
        let recipe = format!(
            "{}\n# from {:?}",
            toml::to_string(&config)?,
            start.as_ref().map(|s| &s.model_id)
        );
        config.optimisation.pretrained = start.map(|start| start.model);
        let encodings = self.kept(cell, &recipe, || {
            let folder = self.folder(cell);
            let report = self.train(&cell.name(), &config, &folder)?;
            let mut encodings =
                self.encode(&Encoder::load(&report.model, self.device)?, &cell.name())?;
            encodings.about.cost.training_seconds =
                report.history.iter().map(|epoch| epoch.seconds).sum();
            Ok(encodings)
        })?;
        // This comes after the encodings are there, so that a kill before continues from the
        // checkpoint.
        remove_checkpoints(&self.folder(cell))?;
        Ok(encodings)
    }

    /// The encodings by the network of another method at the first code length, with a hash layer
    /// fitted for this cell.
    fn fitted(&self, cell: &Cell, of: &str) -> Result<Encodings> {
        let source = self.source(of, cell.seed)?;
        let trained = self.make(&source)?.about;
        let config = self.training_of(&source)?;
        self.kept(cell, &format!("fitted to {} bits: {}", cell.bits, trained.recipe), || {
            let (start, model) = (Instant::now(), self.folder(&source).join(MODEL));
            let kinds = &config.relevance;
            let fitted =
                network::calibrate(&model, self.dataset, &config.data, kinds, &[cell.bits])?;
            let seconds = start.elapsed().as_secs_f64();
            let model = self.folder(cell).join(MODEL);
            output::file(&model, fitted.model)?;
            let mut encodings = self.encode(&Encoder::load(&model, self.device)?, &cell.name())?;
            encodings.about.cost.training_seconds = trained.cost.training_seconds + seconds;
            Ok(encodings)
        })
    }

    /// The model of the reference method from which pictures are drawn; `None` if it is no trained
    /// network.
    pub(crate) fn our_model(&self) -> Result<Option<(TrainConfig, PathBuf)>> {
        let cell = self.ours()?;
        match cell.method.kind()? {
            Kind::Network | Kind::Fitted(_) => {
                Ok(Some((self.training_of(&cell)?, self.folder(&cell).join(MODEL))))
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
                let report = self.train(&name, &config, &self.out.join("cells").join(&name))?;
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
        let mut display = Display::named(name);
        Ok(network::train(config, self.dataset, &options, &mut |event| display.show(&event))?)
    }

    fn untrained(&self, cell: &Cell) -> Result<Encodings> {
        let config = self.training_of(cell)?;
        self.kept(cell, &format!("untrained {}", toml::to_string(&config)?), || {
            let encoder =
                Encoder::untrained(&config.architecture, &config.preprocess, &[], cell.seed)?;
            self.encode(&encoder, &cell.name())
        })
    }

    /// Encodes gallery and queries.
    fn encode(&self, encoder: &Encoder, name: &str) -> Result<Encodings> {
        let listed: Vec<_> = self.items.iter().map(|item| Listed::from_item(item)).collect();
        let progress = Progress::images(&format!("{name}: encoding"), listed.len());
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

/// A description of encodings that cost `training_seconds` to fit and `encoding_milliseconds` a
/// picture.
pub(super) fn about(
    names: Vec<String>,
    training_seconds: f64,
    encoding_milliseconds: f64,
) -> About {
    About { recipe: String::new(), names, cost: Cost { training_seconds, encoding_milliseconds } }
}
