//! The choice of the loss that trains the code, by its name in a configuration.

use super::{ath, csq, dpn, dpsh, dtsh, greedy_hash, hash_net, hyp2, idhn, nca, ortho_hash};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// A loss of the hash layer's outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashLoss {
    /// [`ortho_hash`].
    #[default]
    OrthoHash,
    /// [`csq`].
    Csq,
    /// [`dpn`].
    Dpn,
    /// [`greedy_hash`].
    GreedyHash,
    /// [`hyp2`].
    Hyp2,
    /// [`dpsh`].
    Dpsh,
    /// [`hash_net`].
    HashNet,
    /// [`dtsh`].
    Dtsh,
    /// [`ath`].
    Ath,
    /// [`idhn`].
    Idhn,
    /// [`nca`].
    Nca,
    /// The hash layer is not trained: classification alone.
    None,
}

impl HashLoss {
    /// Tells whether it learns a vector for each label beside the network.
    pub(crate) fn has_proxies(self) -> bool {
        matches!(self, Self::GreedyHash | Self::Hyp2)
    }
}

/// The inputs of a loss for one batch.
pub(crate) struct LossInputs {
    /// The hash layer's outputs u (N, K).
    pub u: Tensor<2>,
    /// The fixed targets o (C, K).
    pub targets: Tensor<2>,
    /// The learned proxies p (C, K), if the loss has them.
    pub proxies: Option<Tensor<2>>,
    /// The labels y (N, C).
    pub present: Tensor<2>,
    /// The labels' shares ŷ (N, C).
    pub share: Tensor<2>,
    /// y without the labels that do not make two pictures similar (N, C).
    pub pairs: Tensor<2>,
    /// s and m of OrthoHash.
    pub scale: f32,
    pub margin: f32,
    /// The share of the run that is over, in 0..1.
    pub progress: f64,
}

/// The hash term of a batch.
pub(crate) fn hash_term(loss: HashLoss, inputs: LossInputs) -> Tensor<1> {
    let LossInputs { u, targets, proxies, present, share, pairs, scale, margin, progress } = inputs;
    let proxies = proxies.unwrap_or_else(|| targets.clone());
    match loss {
        HashLoss::OrthoHash => ortho_hash(u, targets, share, present, scale, margin),
        HashLoss::Csq => csq(u, targets, present),
        HashLoss::Dpn => dpn(u, targets, present),
        HashLoss::GreedyHash => greedy_hash(u, proxies, share),
        HashLoss::Hyp2 => hyp2(u, proxies, present, pairs),
        HashLoss::Dpsh => dpsh(u, pairs),
        HashLoss::HashNet => hash_net(u, pairs, progress),
        HashLoss::Dtsh => dtsh(u, pairs),
        HashLoss::Ath => ath(u, pairs),
        HashLoss::Idhn => idhn(u, present),
        HashLoss::Nca => nca(u, pairs),
        HashLoss::None => u.mean() * 0.0,
    }
}
