//! The objective of training: the hash term, classification, and the terms of the map.

use crate::model::layers::Mode;
use crate::model::network::{Network, Output};
use crate::training::batch::BatchTensors;
use crate::training::config::{LossConfig, TrainConfig};
use crate::training::loss::{self, LossInputs};
use crate::training::targets::Vocabulary;
use burn::tensor::{Device, Tensor, TensorData};

/// The loss of a batch, with the labels' data that it needs.
pub(crate) struct Objective<'a> {
    config: &'a LossConfig,
    /// The fixed codes of the labels (C, K), for every code length K.
    targets: Vec<Tensor<2>>,
    /// 1 for labels that make two pictures similar (1, C).
    pair_labels: Tensor<2>,
}

impl<'a> Objective<'a> {
    pub(crate) fn new(config: &'a TrainConfig, vocabulary: &Vocabulary, device: &Device) -> Self {
        let labels = vocabulary.labels().len();
        let of_length = |bits| loss::hadamard_targets(labels, bits, device);
        let targets = config.architecture.code_lengths().map(of_length).collect();
        let pairs = vocabulary.pair_labels(&config.loss.pair_labels_except);
        let pair_labels = Tensor::from_data(TensorData::new(pairs, [1, labels]), device);
        Self { config: &config.loss, targets, pair_labels }
    }

    /// L = hash + λc·CE + λi·instance + λd·erased + λa·area + λt·variation + λq·disagreement.
    ///
    /// Returns it with the figures to report: itself, the hash term, the classification term, the
    /// mean saliency. `progress` is the share of the run that is over, 0 to 1.
    pub(crate) fn of(
        &self,
        network: &Network,
        batch: &BatchTensors,
        output: Output,
        progress: f64,
    ) -> (Tensor<1>, [Tensor<1>; 4]) {
        let l = self.config;
        let hash = self.hash_term(network, batch, output.hash, progress);
        let classification = loss::cross_entropy(output.logits, batch.share.clone());
        let mut total = hash.clone() + classification.clone() * l.classification;
        if l.views() > 1 {
            total = total
                + loss::instance_discrimination(output.embedding, l.instance_temperature)
                    * l.instance;
        }
        let saliency = output.saliency;
        if network.learns_saliency() {
            total = total
                + loss::area(saliency.clone(), l.area_allowed) * l.area
                + loss::total_variation(saliency.clone()) * l.variation;
            let probed = (batch.x.dims()[0] as f32 * l.probe_share).round() as usize;
            if probed >= 2 {
                let maps = saliency.clone().narrow(0, 0, probed);
                total = total + self.probe(network, batch, maps);
            }
        }
        (total.clone(), [total, hash, classification, saliency.mean()])
    }

    /// The mean over the code lengths of the hash term of the first bits.
    fn hash_term(
        &self,
        network: &Network,
        batch: &BatchTensors,
        u: Tensor<2>,
        progress: f64,
    ) -> Tensor<1> {
        let l = self.config;
        let term = |targets: &Tensor<2>| {
            let bits = targets.dims()[1];
            let inputs = LossInputs {
                u: u.clone().narrow(1, 0, bits),
                targets: targets.clone(),
                proxies: network.proxies().map(|proxies| proxies.narrow(1, 0, bits)),
                present: batch.present.clone(),
                share: batch.share.clone(),
                pairs: batch.present.clone() * self.pair_labels.clone(),
                scale: l.scale.unwrap_or((bits as f32).sqrt()),
                margin: l.margin,
                progress,
            };
            loss::hash_term(l.hash, inputs)
        };
        let terms: Vec<Tensor<1>> = self.targets.iter().map(term).collect();
        Tensor::cat(terms, 0).mean()
    }

    /// The terms that need a second pass, over the first pictures of the batch. Only networks with
    /// maps have them.
    fn probe(&self, network: &Network, batch: &BatchTensors, saliency: Tensor<4>) -> Tensor<1> {
        let (l, probed) = (self.config, saliency.dims()[0]);
        let x = batch.x.clone().narrow(0, 0, probed);
        let mirrored = network.saliency_of(x.clone().flip([3]), Mode::FrozenStats);
        let moved = loss::disagreement(mirrored, saliency.clone().flip([3])) * l.disagreement;
        if l.erased == 0.0 {
            return moved;
        }
        let erased = network.classify_without(x, saliency, Mode::FrozenStats);
        moved + loss::erased(erased, batch.present.clone().narrow(0, 0, probed)) * l.erased
    }
}
