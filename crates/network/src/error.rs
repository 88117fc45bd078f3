//! The errors. Each says what was got, what was expected and what to do.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A weight that the network needs is not in the file.
    #[error(
        "weight {name} is missing; the file holds another architecture, or is not a model of \
         skiagraph"
    )]
    WeightMissing {
        /// The weight's name.
        name: String,
    },
    /// A weight has another shape than the network's.
    #[error(
        "weight {name} has shape {got:?}, expected {expected:?}; the file holds another \
         architecture"
    )]
    WeightShape {
        /// The weight's name.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The file's shape.
        got: Vec<usize>,
    },
    /// A weights file could not be parsed.
    #[error(
        "{path}: not a readable weights file ({reason}); expected safetensors, or a PyTorch .pth \
         of tensors"
    )]
    WeightsUnreadable {
        /// The file.
        path: PathBuf,
        /// The parser's message.
        reason: String,
    },
    /// Weights could not be serialised.
    #[error("the weights could not be serialised: {reason}")]
    WeightsUnwritable {
        /// The serialiser's message.
        reason: String,
    },
    /// A safetensors file without the card that describes a model.
    #[error("{path}: has weights but no model card; give a model that a training wrote")]
    NotAModel {
        /// The file.
        path: PathBuf,
    },
    /// A label that the model was not trained on.
    #[error("label {label:?} is unknown to the model; expected one of {known}")]
    LabelUnknown {
        /// The label that was asked for.
        label: String,
        /// The model's labels.
        known: String,
    },
    /// A label in `data.leave_out` that no picture has.
    #[error("data.leave_out has {label:?}, a label of no picture; expected some of {known}")]
    LeftOutUnknown {
        /// The label in the configuration.
        label: String,
        /// The data set's labels.
        known: String,
    },
    /// A training configuration that does not parse or does not make sense.
    #[error("{path}: {reason}")]
    Config {
        /// The file.
        path: PathBuf,
        /// The fault and the allowed values, in words.
        reason: String,
    },
    /// A file that is no saliency network of findings.
    #[error(
        "{path}: not a saliency network ({reason}); give one that a training of the saliency \
         stage wrote"
    )]
    NotASaliencyNetwork {
        /// The file.
        path: PathBuf,
        /// The reason, in words.
        reason: String,
    },
    /// No finding has boxes on enough pictures, and none was named.
    #[error(
        "no finding has boxes on {least} training pictures; give boxes, or name labels in \
         saliency.findings to learn maps from labels alone, which do not localise"
    )]
    NoFindings {
        /// The number of pictures that a finding needs.
        least: usize,
    },
    /// A finding that no training picture has.
    #[error("saliency.findings has {name:?}, which no training picture has as a box or a label")]
    FindingUnknown {
        /// The finding in the configuration.
        name: String,
    },
    /// Too few pictures to train on.
    #[error("{got} training pictures with labels, expected at least {expected}; {advice}")]
    TooFewPictures {
        /// The number of pictures.
        got: usize,
        /// The number of pictures that are needed.
        expected: usize,
        /// The remedy, in words.
        advice: &'static str,
    },
    /// `--resume` without a checkpoint, or with a checkpoint of another configuration.
    #[error("{path}: cannot resume: {reason}")]
    Resume {
        /// The run folder.
        path: PathBuf,
        /// The reason, in words.
        reason: String,
    },
    /// A run folder that already holds a run.
    #[error(
        "{path}: holds a training run already; add --resume to go on with it, or give another --out"
    )]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// A device name that is unknown.
    #[error("device {name:?} is unknown; expected auto, cpu, cuda or vulkan")]
    Device {
        /// The name that was given.
        name: String,
    },
    /// A device that this binary was built without.
    #[error(
        "this binary was built without {name}: build it with --features {name}, or give --device \
         cpu"
    )]
    DeviceNotBuilt {
        /// The device that was asked for.
        name: &'static str,
    },
    /// A device that does not answer.
    #[error("no {name} device answers ({reason}); install its driver, or give --device cpu")]
    DeviceSilent {
        /// The device that was asked for.
        name: &'static str,
        /// Its library's message.
        reason: String,
    },
    /// Answers to held-out pictures that are too few, or too much alike, to fit estimates to.
    #[error(
        "the answers to {queries} held-out pictures do not suffice for estimates of relevance; \
         expected some that are right and some that are wrong: give more labelled pictures of the \
         split train"
    )]
    NoEstimates {
        /// The number of held-out pictures.
        queries: usize,
    },
    /// A code length that the model was not trained for.
    #[error("codes of {got} bits were asked for, the model gives {}", listed(.expected))]
    CodeLength {
        /// The length that was asked for, in bits.
        got: usize,
        /// The lengths that the model gives, in bits.
        expected: Vec<usize>,
    },
    /// An embedding of another length than the model's.
    #[error("an embedding of {got} values; expected {expected}, as the model gives")]
    EmbeddingLength {
        /// The number of its values.
        got: usize,
        /// The number of values of the model's embeddings.
        expected: usize,
    },
    /// Inputs of another size than the model's.
    #[error(
        "input is {got}×{got}, the model takes {expected}×{expected}; use the model's own \
         preprocessing"
    )]
    InputSize {
        /// The input's side, in pixels.
        got: u32,
        /// The side that the model takes, in pixels.
        expected: u32,
    },
    /// A loss that is no longer a finite number.
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}; lower optimisation.learning_rate"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step, from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// A picture could not be read.
    #[error(transparent)]
    Radiograph(#[from] radiograph::Error),
    /// An error of a code or an embedding.
    #[error(transparent)]
    Retrieval(#[from] retrieval::Error),
    /// An error of a validation.
    #[error(transparent)]
    Evaluation(#[from] retrieval::evaluation::EvaluationError),
    /// An error of fitting the hash layer.
    #[error(transparent)]
    Hashing(#[from] retrieval::hashing::HashingError),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Numbers separated by commas.
fn listed(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
