//! Naive twins of the kernels, and the gradients through Burn's autodiff.

use super::convolution::{self, Filters, Geometry};
use super::winograd::Epilogue;
use super::{Affine, convolve, gradients as kernel_gradients, max_pool, normalise, statistics};
use crate::noise::noise;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, TensorData};

fn close(got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len());
    let worst = got.iter().zip(expected).map(|(g, e)| (g - e).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "differs by {worst}");
}

/// Calls `visit(output index, input index, weight index)` for every product of a convolution.
fn products(g: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
    let ([height, width, channels], (out_height, out_width), k) = (g.input, g.output(), g.kernel);
    for n in 0..g.batch {
        for o in 0..g.filters {
            for (oy, ox) in (0..out_height * out_width).map(|i| (i / out_width, i % out_width)) {
                for (c, ky, kx) in (0..channels * k * k).map(|i| (i / (k * k), i / k % k, i % k)) {
                    let (iy, ix) = (oy * g.stride + ky, ox * g.stride + kx);
                    if (g.padding..height + g.padding).contains(&iy)
                        && (g.padding..width + g.padding).contains(&ix)
                    {
                        let out = ((n * out_height + oy) * out_width + ox) * g.filters + o;
                        let place = (n * height + iy - g.padding) * width + ix - g.padding;
                        let input = place * channels + c;
                        visit(out, input, ((ky * k + kx) * channels + c) * g.filters + o);
                    }
                }
            }
        }
    }
}

#[test]
fn convolution_and_its_gradients_equal_their_naive_twins() {
    // Strides, paddings, kernels; by rows, by patches, by columns, by tiles few and many.
    let cases = [
        ([2, 9, 7, 3], [3, 3, 3, 5], 2, 1),
        ([5, 8, 8, 4], [3, 3, 4, 6], 1, 1),
        ([3, 6, 6, 2], [1, 1, 2, 3], 2, 0),
        ([2, 15, 13, 1], [7, 7, 1, 4], 2, 3),
        ([2, 40, 40, 1], [7, 7, 1, 16], 2, 3),
        ([1, 40, 40, 40], [3, 3, 40, 3], 1, 1),
        ([1, 1, 1, 2], [3, 3, 2, 2], 2, 1),
        ([2, 6, 6, 2], [7, 7, 2, 1], 1, 3),
        ([30, 9, 9, 24], [3, 3, 24, 40], 1, 1),
        ([6, 13, 18, 16], [3, 3, 16, 32], 1, 1),
        ([13, 16, 15, 32], [3, 3, 32, 16], 1, 1),
        ([6, 12, 12, 32], [3, 3, 32, 16], 2, 1),
    ];
    for (images, weights, stride, padding) in cases {
        let g = Geometry::new(images, weights, stride, padding);
        let (x, w) = (noise(images.iter().product(), 1), noise(weights.iter().product(), 2));
        let dy = noise(g.batch * g.filters * g.output().0 * g.output().1, 3);
        let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        products(&g, |o, i, j| {
            y[o] += x[i] * w[j];
            dx[i] += dy[o] * w[j];
            dw[j] += dy[o] * x[i];
        });
        for filters in [Filters::new(&g, &w), Filters::kept(&g, &w)] {
            let mut got = vec![9.0; y.len()];
            convolution::forward(&g, &x, &filters, &Epilogue::NONE, &mut got);
            close(&got, &y, 1e-4);
        }
        close(&kernel_gradients::of_images(&g, &dy, &w), &dx, 1e-4);
        close(&kernel_gradients::of_weights(&g, &x, &dy), &dw, 1e-3);
    }
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::<D>::from_data(TensorData::new(values, shape), device).require_grad()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The gradients of every operand, of a scalar made of `out`.
fn gradients(
    out: Tensor<4>,
    upstream: &[f32],
    operands: &[&Tensor<4>],
    vectors: &[&Tensor<1>],
) -> Vec<Vec<f32>> {
    let shape = out.dims();
    let weights = Tensor::<4>::from_data(TensorData::new(upstream.to_vec(), shape), &out.device());
    let tape = (out * weights).sum().backward();
    let of_tensors = operands.iter().map(|t| floats(t.grad(&tape).unwrap()));
    of_tensors.chain(vectors.iter().map(|t| floats(t.grad(&tape).unwrap()))).collect()
}

#[test]
fn normalisation_and_its_gradients_equal_those_of_plain_operations() {
    let device = Device::flex().autodiff();
    let shape = [3, 5, 7, 4];
    let count = shape.iter().product();
    for (with_residual, with_relu) in [(false, false), (false, true), (true, true)] {
        let x = tensor(noise(count, 1), shape, &device);
        let r = tensor(noise(count, 2), shape, &device);
        let gamma = tensor(vec![1.2, 0.7, -0.5, 1.0], [4], &device);
        let beta = tensor(vec![0.1, -0.2, 0.0, 0.3], [4], &device);
        let operands: Vec<&Tensor<4>> = if with_residual { vec![&x, &r] } else { vec![&x] };
        let upstream = noise(count, 5);

        let (mean, variance) = statistics(x.clone());
        let affine =
            Affine { gamma: gamma.clone(), beta: beta.clone(), mean, variance, epsilon: 1e-5 };
        let fused = normalise(x.clone(), with_residual.then(|| r.clone()), affine, with_relu);
        let plain = plainly(&x, with_residual.then_some(&r), &gamma, &beta, with_relu);

        close(&floats(fused.clone()), &floats(plain.clone()), 1e-5);
        let ours = gradients(fused, &upstream, &operands, &[&gamma, &beta]);
        let theirs = gradients(plain, &upstream, &operands, &[&gamma, &beta]);
        ours.iter().zip(&theirs).for_each(|(o, t)| close(o, t, 1e-4));
    }
}

fn plainly(
    x: &Tensor<4>,
    residual: Option<&Tensor<4>>,
    gamma: &Tensor<1>,
    beta: &Tensor<1>,
    rectify: bool,
) -> Tensor<4> {
    let mean_of = |t: Tensor<4>| t.mean_dim(0).mean_dim(1).mean_dim(2);
    let centred = x.clone() - mean_of(x.clone());
    let deviation = (mean_of(centred.clone().square()) + 1e-5).sqrt();
    let column = |v: &Tensor<1>| v.clone().reshape([1, 1, 1, 4]);
    let y = centred / deviation * column(gamma) + column(beta);
    let y = residual.map_or(y.clone(), |r| y + r.clone());
    if rectify { relu(y) } else { y }
}

#[test]
fn a_convolution_is_differentiated_within_a_graph() {
    let device = Device::flex().autodiff();
    let (x, w) =
        (tensor(noise(98, 1), [1, 7, 7, 2], &device), tensor(noise(54, 2), [3, 3, 2, 3], &device));
    let out = convolve(x.clone(), w.clone(), 2, 1);
    let g = Geometry::new([1, 7, 7, 2], [3, 3, 2, 3], 2, 1);
    let upstream = noise(out.dims().iter().product(), 3);
    let got = gradients(out, &upstream, &[&x, &w], &[]);
    close(&got[0], &kernel_gradients::of_images(&g, &upstream, &noise(54, 2)), 1e-6);
    close(&got[1], &kernel_gradients::of_weights(&g, &noise(98, 1), &upstream), 1e-6);
}

#[test]
fn pooling_and_its_gradient_equal_those_of_burn() {
    let device = Device::flex().autodiff();
    for shape in [[2, 8, 6, 3], [1, 7, 5, 16], [1, 1, 1, 2]] {
        let x = tensor(noise(shape.iter().product(), 1), shape, &device);
        let options = MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]);
        let theirs = max_pool2d(x.clone().permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1]);
        let ours = max_pool(x.clone());
        assert_eq!(floats(ours.clone()), floats(theirs.clone()));
        let upstream = noise(ours.dims().iter().product(), 2);
        assert_eq!(
            gradients(ours, &upstream, &[&x], &[]),
            gradients(theirs, &upstream, &[&x], &[])
        );
    }
}

/// Runs the other tests of the kernels and of the plan again with fewer instruction sets than this
/// processor has.
#[test]
fn lesser_instructions_give_the_same() {
    for instructions in ["plain", "avx2"] {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["kernels::", "plan::tests::it_gives", "--skip", "lesser_instructions"])
            .env("SKIAGRAPH_INSTRUCTIONS", instructions)
            .output()
            .unwrap();
        assert!(run.status.success(), "{instructions}: {}", String::from_utf8_lossy(&run.stdout));
    }
}
