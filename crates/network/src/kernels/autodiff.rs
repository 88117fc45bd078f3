//! The gradients of our operations, registered with Burn's autodiff.

use super::{Forward, Gradients, Normalised};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients as Tape;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, AutodiffBackend, TensorMetadata, tensor::FloatTensor};

/// Backward step of a convolution; its state holds the operands, stride and padding.
#[derive(Debug)]
struct Convolution;

impl<B: Gradients> Backward<B, 2> for Convolution {
    type State = (FloatTensor<B>, FloatTensor<B>, usize, usize);

    fn backward(self, ops: Ops<Self::State, 2>, tape: &mut Tape, _: &mut Checkpointer) {
        let upstream = tape.consume::<B>(&ops.node);
        let ([images_node, weights_node], (images, weights, stride, padding)) =
            (ops.parents, ops.state);
        if let Some(node) = images_node {
            let shape = images.shape().dims();
            let gradient =
                B::convolve_images(upstream.clone(), weights.clone(), shape, stride, padding);
            tape.register::<B>(node.id, gradient);
        }
        if let Some(node) = weights_node {
            let shape = weights.shape().dims();
            tape.register::<B>(
                node.id,
                B::convolve_weights(upstream, images, shape, stride, padding),
            );
        }
    }
}

/// Backward step of a normalisation without residual: x, γ, β.
#[derive(Debug)]
struct Normalisation;

impl<B: Gradients> Backward<B, 3> for Normalisation {
    type State = Normalised<B>;

    fn backward(self, ops: Ops<Self::State, 3>, tape: &mut Tape, _: &mut Checkpointer) {
        let upstream = tape.consume::<B>(&ops.node);
        let (gradients, _) = B::normalise_gradients(upstream, &ops.state);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                tape.register::<B>(node.id, gradient);
            }
        }
    }
}

/// Backward step of a normalisation with residual: x, γ, β, residual.
#[derive(Debug)]
struct NormalisationAdd;

impl<B: Gradients> Backward<B, 4> for NormalisationAdd {
    type State = Normalised<B>;

    fn backward(self, ops: Ops<Self::State, 4>, tape: &mut Tape, _: &mut Checkpointer) {
        let upstream = tape.consume::<B>(&ops.node);
        let (gradients, residual) = B::normalise_gradients(upstream, &ops.state);
        for (node, gradient) in ops.parents.into_iter().zip(gradients.into_iter().chain(residual)) {
            if let Some(node) = node {
                tape.register::<B>(node.id, gradient);
            }
        }
    }
}

/// Backward step of the pooling; its state holds input and output.
#[derive(Debug)]
struct MaxPool;

impl<B: Gradients> Backward<B, 1> for MaxPool {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, tape: &mut Tape, _: &mut Checkpointer) {
        let upstream = tape.consume::<B>(&ops.node);
        let ([node], (x, y)) = (ops.parents, ops.state);
        if let Some(node) = node {
            tape.register::<B>(node.id, B::max_pool_gradient(upstream, &x, &y));
        }
    }
}

impl<B: Forward + Gradients, C: CheckpointStrategy> Forward for Autodiff<B, C> {
    fn convolve(
        images: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (w, w_node)) = (images.into_parts(), weights.into_parts());
        let out = B::convolve(x.clone(), w.clone(), stride, padding);
        match Convolution.prepare::<C>([x_node, w_node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x, w, stride, padding), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn statistics(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mean, variance) = B::statistics(x.into_primitive());
        (Self::from_inner(mean), Self::from_inner(variance))
    }

    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f32,
        relu: bool,
    ) -> FloatTensor<Self> {
        let [(x, x_node), (gamma, gamma_node), (beta, beta_node)] =
            [x.into_parts(), gamma.into_parts(), beta.into_parts()];
        let (mean, variance) = (mean.into_primitive(), variance.into_primitive());
        let y = B::normalise(
            x.clone(),
            gamma.clone(),
            beta,
            mean.clone(),
            variance.clone(),
            epsilon,
            relu,
        );
        match Normalisation.prepare::<C>([x_node, gamma_node, beta_node]).compute_bound().stateful()
        {
            OpsKind::Tracked(prep) => {
                let y_kept = relu.then(|| y.clone());
                prep.finish(
                    Normalised { x, y: y_kept, gamma, mean, variance, epsilon, residual: false },
                    y,
                )
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn normalise_add(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f32,
        relu: bool,
    ) -> FloatTensor<Self> {
        let [(x, x_node), (gamma, gamma_node), (beta, beta_node), (residual, residual_node)] =
            [x.into_parts(), gamma.into_parts(), beta.into_parts(), residual.into_parts()];
        let (mean, variance) = (mean.into_primitive(), variance.into_primitive());
        let statistics = (mean.clone(), variance.clone());
        let y = B::normalise_add(
            x.clone(),
            residual,
            gamma.clone(),
            beta,
            statistics.0,
            statistics.1,
            epsilon,
            relu,
        );
        let nodes = [x_node, gamma_node, beta_node, residual_node];
        match NormalisationAdd.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let y_kept = relu.then(|| y.clone());
                prep.finish(
                    Normalised { x, y: y_kept, gamma, mean, variance, epsilon, residual: true },
                    y,
                )
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let y = B::max_pool(x.clone());
        match MaxPool.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x, y.clone()), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}
