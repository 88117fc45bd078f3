//! Enlarging and blurring as products with small fixed matrices: exact, differentiable, on any
//! device.

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

/// Resamples squares to `side` pixels: (N, 1, H, W) → (N, 1, side, side).
pub(crate) fn resize(x: Tensor<4>, side: usize) -> Tensor<4> {
    separable(x, |size| (side, resize_rows(size, side)))
}

/// Gaussian blur with σ of a sixteenth of the height, renormalised at the border: (N, 1, H, W) →
/// same.
pub(crate) fn blur(x: Tensor<4>) -> Tensor<4> {
    let sigma = x.dims()[2] as f32 / 16.0;
    gaussian(x, sigma)
}

/// Gaussian blur with σ in pixels, renormalised at the border: (N, 1, H, W) → same.
pub(crate) fn gaussian(x: Tensor<4>, sigma: f32) -> Tensor<4> {
    separable(x, |size| (size, gaussian_rows(size, sigma)))
}

/// A · X · Bᵀ for every picture. `matrix` gives the rows and elements of A or B for the side they
/// act on.
fn separable(x: Tensor<4>, matrix: impl Fn(usize) -> (usize, Vec<f32>)) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    let device = x.device();
    let ((rows, a), (columns, b)) = (matrix(h), matrix(w));
    let a = constant(a, [rows, h], &device).unsqueeze::<3>();
    let b = constant(b, [columns, w], &device).transpose().unsqueeze::<3>();
    a.matmul(x.reshape([n * c, h, w])).matmul(b).reshape([n, c, rows, columns])
}

/// Averages over cells×cells cells of a picture: (N, H, W, C) → (N, cells·cells·C), the places in
/// rows.
pub(crate) fn grid_average(x: Tensor<4>, cells: usize) -> Tensor<2> {
    let [n, h, w, c] = x.dims();
    let device = x.device();
    let matrix =
        |size| constant(average_rows(size, cells), [cells, size], &device).unsqueeze::<3>();
    let rows = matrix(h).matmul(x.reshape([n, h, w * c])).reshape([n * cells, w, c]);
    matrix(w).matmul(rows).reshape([n, cells * cells * c])
}

/// Rows of the matrix that averages `size` samples over `cells` cells.
fn average_rows(size: usize, cells: usize) -> Vec<f32> {
    let mut rows = vec![0.0; cells * size];
    for (i, row) in rows.chunks_exact_mut(size).enumerate() {
        let cell = cell(i, cells, size);
        let share = 1.0 / cell.len() as f32;
        row[cell].fill(share);
    }
    rows
}

/// The samples of cell `i` of `cells`, as in PyTorch's adaptive pooling: neighbours share a sample
/// if `size` is no multiple.
pub(crate) fn cell(i: usize, cells: usize, size: usize) -> std::ops::Range<usize> {
    i * size / cells..((i + 1) * size).div_ceil(cells)
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

/// Rows of the matrix that makes `to` samples of `from` by linear interpolation. If they become
/// fewer, each is taken over as many samples as it stands for.
pub(crate) fn resize_rows(from: usize, to: usize) -> Vec<f32> {
    let scale = from as f32 / to as f32;
    let reach = scale.max(1.0);
    let mut rows = vec![0.0; from * to];
    for (i, row) in rows.chunks_exact_mut(from).enumerate() {
        let at = (i as f32 + 0.5) * scale - 0.5;
        for (j, value) in row.iter_mut().enumerate() {
            *value = (1.0 - (j as f32 - at).abs() / reach).max(0.0);
        }
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|v| *v /= sum);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_the_average_of_their_places() {
        for (h, w, c, cells) in [(6, 6, 2, 3), (2, 2, 3, 3), (7, 5, 1, 3), (4, 4, 2, 1)] {
            let values: Vec<f32> = (0..2 * h * w * c).map(|i| (i as f32 * 0.37).sin()).collect();
            let x = Tensor::<4>::from_data(
                TensorData::new(values.clone(), [2, h, w, c]),
                &Device::flex(),
            );
            let got: Vec<f32> = grid_average(x, cells).into_data().iter::<f32>().collect();
            assert_eq!(got.len(), 2 * cells * cells * c);
            for (at, got) in got.iter().enumerate() {
                let (n, i, j, channel) =
                    (at / (cells * cells * c), at / (cells * c) % cells, at / c % cells, at % c);
                let places: Vec<f32> = (0..h * w)
                    .filter(|p| {
                        cell(i, cells, h).contains(&(p / w)) && cell(j, cells, w).contains(&(p % w))
                    })
                    .map(|p| values[(n * h * w + p) * c + channel])
                    .collect();
                let expected = places.iter().sum::<f32>() / places.len() as f32;
                assert!((got - expected).abs() < 1e-6, "{at} of {h}×{w}: {got}, not {expected}");
            }
        }
    }
}
