//! Enlarging and blurring as products with small fixed matrices: exact, differentiable, on any device.

use burn::tensor::{Device, Tensor, TensorData};

/// Nearest-neighbour enlargement by two: (N, H, W, C) → (N, 2H, 2W, C).
pub(crate) fn double(x: Tensor<4>) -> Tensor<4> {
    let [n, h, w, c] = x.dims();
    x.reshape([n, h, 1, w, 1, c]).expand([n, h, 2, w, 2, c]).reshape([n, 2 * h, 2 * w, c])
}

/// Bilinear enlargement by four, pixel centres aligned as in PyTorch's `align_corners=False`:
/// (N, 1, H, W) → (N, 1, 4H, 4W).
pub(crate) fn quadruple(x: Tensor<4>) -> Tensor<4> {
    separable(x, |size| (4 * size, bilinear_rows(size, 4)))
}

/// Gaussian blur with σ of a sixteenth of the height, renormalised at the border: (N, 1, H, W) → same.
pub(crate) fn blur(x: Tensor<4>) -> Tensor<4> {
    let sigma = x.dims()[2] as f32 / 16.0;
    gaussian(x, sigma)
}

/// Gaussian blur with σ in pixels, renormalised at the border: (N, 1, H, W) → same.
pub(crate) fn gaussian(x: Tensor<4>, sigma: f32) -> Tensor<4> {
    separable(x, |size| (size, gaussian_rows(size, sigma)))
}

/// A · X · Bᵀ for every picture, where `matrix` gives rows and elements of A and B by the side they act on.
fn separable(x: Tensor<4>, matrix: impl Fn(usize) -> (usize, Vec<f32>)) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    let device = x.device();
    let ((rows, a), (columns, b)) = (matrix(h), matrix(w));
    let a = constant(a, [rows, h], &device).unsqueeze::<3>();
    let b = constant(b, [columns, w], &device).transpose().unsqueeze::<3>();
    a.matmul(x.reshape([n * c, h, w])).matmul(b).reshape([n, c, rows, columns])
}

fn constant(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Rows of the matrix that enlarges `size` samples by `factor` with linear interpolation.
pub(crate) fn bilinear_rows(size: usize, factor: usize) -> Vec<f32> {
    let mut rows = vec![0.0; size * factor * size];
    for (i, row) in rows.chunks_exact_mut(size).enumerate() {
        let at = ((i as f32 + 0.5) / factor as f32 - 0.5).max(0.0);
        let (low, part) = (at as usize, at.fract());
        row[low.min(size - 1)] += 1.0 - part;
        row[(low + 1).min(size - 1)] += part;
    }
    rows
}

/// Rows of the matrix that blurs `size` samples: exp(−d²/2σ²) within 3σ, each row summing to 1.
pub(crate) fn gaussian_rows(size: usize, sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as usize;
    let mut rows = vec![0.0; size * size];
    for (i, row) in rows.chunks_exact_mut(size).enumerate() {
        for (j, value) in row.iter_mut().enumerate().filter(|(j, _)| i.abs_diff(*j) <= radius) {
            let d = i.abs_diff(j) as f32;
            *value = (-d * d / (2.0 * sigma * sigma)).exp();
        }
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|v| *v /= sum);
    }
    rows
}
