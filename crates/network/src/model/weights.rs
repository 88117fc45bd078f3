//! Named weights: out of a network, into a network, to and from files.

use crate::error::{Error, Result};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One weight: its shape and its values in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weight {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Converts filters from (O, C, k, k), as in files and PyTorch, to (k, k, C, O), as in the kernels.
pub(crate) fn filters_last(values: &[f32], [o, c, k, k2]: [usize; 4]) -> (Vec<f32>, [usize; 4]) {
    let (taps, mut turned) = (k * k2, vec![0.0; values.len()]);
    for (i, value) in values.iter().enumerate() {
        turned[(i % taps * c + i / taps % c) * o + i / taps / c] = *value;
    }
    (turned, [k, k2, c, o])
}

/// Converts filters from (k, k, C, O) to (O, C, k, k).
fn filters_first(values: &[f32], [k, k2, c, o]: [usize; 4]) -> Weight {
    let (taps, mut turned) = (k * k2, vec![0.0; values.len()]);
    for (i, value) in turned.iter_mut().enumerate() {
        *value = values[(i % taps * c + i / taps % c) * o + i / taps / c];
    }
    Weight { shape: vec![o, c, k, k2], values: turned }
}

/// Weights by name, sorted.
pub(crate) type Weights = BTreeMap<String, Weight>;

/// The name of the field that holds the backbone. Its weights have torchvision's names in files,
/// without this prefix.
const BACKBONE: &str = "backbone.";

fn name_of(path: &[String]) -> String {
    let name = path.join(".");
    name.strip_prefix(BACKBONE).map(str::to_owned).unwrap_or(name)
}

/// All weights and running statistics of a network.
pub(crate) fn collect<M: Module>(module: &M) -> Weights {
    let mut collector = Collector::default();
    // `valid` includes updates of running statistics that are still pending.
    module.valid().visit(&mut collector);
    collector.weights
}

#[derive(Default)]
struct Collector {
    path: Vec<String>,
    weights: Weights,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let shape = tensor.dims().to_vec();
        // An f32 tensor on a working device always reads back as f32.
        let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
        let weight = match <[usize; 4]>::try_from(&shape[..]) {
            Ok(shape) => filters_first(&values, shape),
            Err(_) => Weight { shape, values },
        };
        self.weights.insert(name_of(&self.path), weight);
    }
}

/// The gradients of all weights that have one.
#[cfg(test)]
pub(crate) fn collect_gradients<M: Module>(module: &M, tape: &burn::tensor::Gradients) -> Weights {
    struct Visitor<'a>(Collector, &'a burn::tensor::Gradients);
    impl ModuleVisitor for Visitor<'_> {
        fn enter_module(&mut self, name: &str, kind: &str) {
            self.0.enter_module(name, kind);
        }
        fn exit_module(&mut self, name: &str, kind: &str) {
            self.0.exit_module(name, kind);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.1) {
                self.0.visit_float(&Param::initialized(param.id, gradient));
            }
        }
    }
    let mut visitor = Visitor(Collector::default(), tape);
    module.visit(&mut visitor);
    visitor.0.weights
}

/// The network with its weights replaced.
///
/// # Errors
/// [`Error::WeightMissing`] and [`Error::WeightShape`]; weights that the network has no place for
/// are returned by name, not an error.
pub(crate) fn apply<M: Module>(module: M, mut weights: Weights) -> Result<(M, Vec<String>)> {
    let mut applier = Applier { path: Vec::new(), weights: &mut weights, error: None };
    let module = module.map(&mut applier);
    match applier.error {
        Some(error) => Err(error),
        None => Ok((module, weights.into_keys().collect())),
    }
}

struct Applier<'a> {
    path: Vec<String>,
    weights: &'a mut Weights,
    error: Option<Error>,
}

impl Applier<'_> {
    fn take(&mut self, shape: &[usize]) -> Option<Weight> {
        let name = name_of(&self.path);
        let found = match self.weights.remove(&name) {
            None => Err(Error::WeightMissing { name }),
            Some(w) if w.shape != shape => {
                Err(Error::WeightShape { name, expected: shape.to_vec(), got: w.shape })
            }
            Some(w) => Ok(w),
        };
        found.map_err(|error| self.error.get_or_insert(error)).ok()
    }
}

impl ModuleMapper for Applier<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let mut shape = param.val().dims().to_vec();
        if let [k, k2, c, o] = shape[..] {
            shape = vec![o, c, k, k2];
        }
        let Some(mut weight) = self.take(&shape) else { return param };
        if let Ok(shape) = <[usize; 4]>::try_from(&shape[..]) {
            let (values, shape) = filters_last(&weight.values, shape);
            weight = Weight { shape: shape.to_vec(), values };
        }
        param.map(|old| {
            let data = TensorData::new(weight.values, weight.shape);
            let new = Tensor::from_data(data, &old.device());
            if old.is_require_grad() { new.require_grad() } else { new }
        })
    }
}

/// The bytes of a safetensors file; f16 halves it. `card` is kept under the one metadata key
/// `skiagraph`, so that equal weights give equal bytes.
pub(crate) fn to_bytes(weights: &Weights, half: bool, card: &str) -> Result<Vec<u8>> {
    let encoded: Vec<(&String, &Weight, Vec<u8>)> =
        weights.iter().map(|(name, w)| (name, w, encode(&w.values, half))).collect();
    let dtype = if half { Dtype::F16 } else { Dtype::F32 };
    let views = encoded
        .iter()
        .map(|(name, w, bytes)| {
            Ok((name.as_str(), TensorView::new(dtype, w.shape.clone(), bytes)?))
        })
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
    let metadata = HashMap::from([("skiagraph".to_owned(), card.to_owned())]);
    let bytes = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
    bytes.map_err(|e| Error::WeightsUnwritable { reason: e.to_string() })
}

fn encode(values: &[f32], half: bool) -> Vec<u8> {
    if half {
        values.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect()
    } else {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }
}

/// Reads the weights of a safetensors file, and its card if it has one.
pub(crate) fn from_bytes(bytes: &[u8], path: &Path) -> Result<(Weights, Option<String>)> {
    let bad = |e: &dyn std::fmt::Display| Error::WeightsUnreadable {
        path: path.into(),
        reason: e.to_string(),
    };
    let file = SafeTensors::deserialize(bytes).map_err(|e| bad(&e))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| bad(&e))?;
    let card = header.metadata().as_ref().and_then(|m| m.get("skiagraph").cloned());
    let mut weights = Weights::new();
    for (name, view) in file.tensors() {
        let Some(values) = decode(&view) else { continue };
        weights.insert(name, Weight { shape: view.shape().to_vec(), values });
    }
    Ok((weights, card))
}

/// Values of a floating-point tensor; `None` for other types, such as torchvision's
/// `num_batches_tracked`.
fn decode(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::F32 => {
            data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        }
        Dtype::F16 => {
            data.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
        }
        Dtype::BF16 => {
            data.chunks_exact(2).map(|b| half::bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
        }
        _ => return None,
    })
}

/// Gives every parameter an identity that follows from its name, so that an optimiser's saved state
/// finds its parameters again in another process.
pub(crate) fn identify<M: Module>(module: M) -> M {
    module.map(&mut Identifier::default())
}

#[derive(Default)]
struct Identifier {
    path: Vec<String>,
}

impl ModuleMapper for Identifier {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, value, mapper) = param.consume();
        // FNV-1a gives a few hundred names different ids.
        let id = self.path.join(".").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Param::from_mapped_value(ParamId::from(id), value, mapper)
    }
}
