//! Fixed binary targets of the labels.

use burn::tensor::{Device, Tensor, TensorData};

/// Targets (C, K) of ±1: rows of Sylvester's Hadamard matrix without the constant row. Past K − 1
/// classes, they are the negatives of the same rows. K is padded to a power of two and cut, so the
/// rows are orthogonal exactly if K is a power of two.
pub fn hadamard_targets(classes: usize, bits: usize, device: &Device) -> Tensor<2> {
    let order = bits.next_power_of_two();
    let entry = |row: usize, column: usize| {
        let (index, sign) =
            (row % (order - 1) + 1, if (row / (order - 1)).is_multiple_of(2) { 1.0 } else { -1.0 });
        if (index & column).count_ones().is_multiple_of(2) { sign } else { -sign }
    };
    let values: Vec<f32> = (0..classes * bits).map(|i| entry(i / bits, i % bits)).collect();
    Tensor::from_data(TensorData::new(values, [classes, bits]), device)
}

/// The centre of several labels: c = sgn(Σ o_c over the labels), ties taken from one fixed code;
/// ±1, (N, K).
///
/// `targets` o (C, K), `present` y (N, C). The fixed code alternates in a pattern that no row of
/// the matrix has.
pub fn centres(targets: Tensor<2>, present: Tensor<2>) -> Tensor<2> {
    let bits = targets.dims()[1];
    let fixed: Vec<f32> =
        (0..bits).map(|k| if (k * k + k / 3) % 4 < 2 { 0.5 } else { -0.5 }).collect();
    let fixed = Tensor::<2>::from_data(TensorData::new(fixed, [1, bits]), &targets.device());
    // Sums of ±1 are whole numbers: a half decides ties alone.
    (present.matmul(targets) + fixed).sign()
}
