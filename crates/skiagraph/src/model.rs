//! The choice of a command's model, and the paths of the workspace's samples and model.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use network::{DeviceChoice, Encoder, Finder};

/// The default saliency network.
const FINDER: &str = "models/saliency.safetensors";
/// Where packages put what ships with a program, seen from the program's folder.
const SHARE: &str = "../share/skiagraph";

/// The option for a model.
#[derive(clap::Args)]
pub(crate) struct ModelFile {
    /// Model file [default: the model that ships, models/skiagraph.safetensors]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// The options of every command that encodes pictures.
#[derive(clap::Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    file: ModelFile,
    /// Device that the network runs on: auto, cpu, cuda or vulkan
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Use the first BITS of the codes of a model that was trained for that [default: all]
    #[arg(long, value_name = "BITS")]
    bits: Option<usize>,
}

/// The saliency network that shows where findings may lie.
#[derive(clap::Args)]
pub(crate) struct FinderArgs {
    /// Saliency network that shows where findings may lie [default: models/saliency.safetensors, if
    /// it is there]
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
}

impl FinderArgs {
    /// Adds the given network to the encoder, or the default one if it exists.
    pub(crate) fn attach(&self, encoder: Encoder) -> Result<Encoder> {
        match self.findings.clone().or_else(|| shipped(FINDER).ok()) {
            Some(path) => Ok(encoder.with_finder(finder(&path)?)),
            None => Ok(encoder),
        }
    }
}

/// The saliency network of a file.
pub(crate) fn finder(path: &Path) -> Result<Finder> {
    Finder::load(path)
        .with_context(|| format!("cannot use the saliency network `{}`", path.display()))
}

impl ModelFile {
    /// The model file: the one given, or the one that ships.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        match &self.model {
            Some(path) => Ok(path.clone()),
            None => shipped("models/skiagraph.safetensors")
                .context("give a model with --model FILE, or train one with `skiagraph train`"),
        }
    }
}

impl ModelArgs {
    /// Loads the model.
    pub(crate) fn load(&self) -> Result<Encoder> {
        let path = self.file.path()?;
        let encoder = Encoder::load(&path, self.device);
        let encoder = encoder.and_then(|encoder| match self.bits {
            Some(bits) => encoder.shortened(bits),
            None => Ok(encoder),
        });
        encoder.with_context(|| format!("cannot use the model `{}`", path.display()))
    }
}

/// A file or folder that ships with the program: beside the program, in `share/skiagraph` of the
/// folder above (as packages have it), or in the workspace that it was built from.
pub(crate) fn shipped(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent);
    let installed = beside.into_iter().flat_map(|beside| [beside.to_owned(), beside.join(SHARE)]);
    let places: Vec<_> = installed.chain([workspace()]).map(|place| place.join(name)).collect();
    if let Some(path) = places.iter().find(|path| path.exists()) {
        return Ok(path.clone());
    }
    let places: Vec<_> = places.iter().map(|path| format!("`{}`", path.display())).collect();
    bail!("nothing is at {}; put it at one of these", places.join(", "))
}

/// The root of the workspace that this binary was built from.
pub(crate) fn workspace() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.ancestors().nth(2).unwrap_or(crate_folder).to_owned()
}
