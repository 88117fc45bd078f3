//! The modified image, and its grey levels as the backbone expects them.

use super::buffers::{Buffers, Map};
use crate::kernels::{Panels, Rows, Start, panels_of, product};
use crate::model::modify::{FLOOR, Modification};
use crate::model::network::{GREY_DEVIATION, GREY_MEAN};
use crate::model::resample::{gaussian_rows, resize_rows};
use rayon::prelude::*;

/// X and S (N, H, W, 1) → (X' − mean)/deviation (N, H, W, channels).
pub(super) fn apply(modification: Modification, x: &Map, s: &Map, buffers: &mut Buffers) -> Map {
    let [n, h, w, _] = x.shape;
    let mut out = buffers.take([n, h, w, modification.channels()]);
    let blurred = (modification == Modification::Blur).then(|| blur(x, buffers));
    let soft = blurred.as_ref().unwrap_or(x);
    let grey = |value: f32| (value - GREY_MEAN) / GREY_DEVIATION;
    let places = x.values.par_iter().zip(&s.values).zip(&soft.values).with_min_len(1 << 14);
    out.values.par_chunks_exact_mut(modification.channels()).zip(places).for_each(
        |(out, ((x, s), soft))| {
            out[0] = grey(match modification {
                Modification::Blur => {
                    x * (FLOOR + (1.0 - FLOOR) * s) + (1.0 - s) * (1.0 - FLOOR) * soft
                }
                Modification::Multiply => x * s,
                Modification::Amplify => x * (1.0 + s),
                Modification::Concatenate | Modification::None => *x,
            });
            if let Some(second) = out.get_mut(1) {
                *second = grey(*s);
            }
        },
    );
    if let Some(blurred) = blurred {
        buffers.give([blurred]);
    }
    out
}

/// Squares of another side, (N, H, H, 1) → (N, side, side, 1): A·X·Aᵀ for every picture.
pub(super) fn resized(x: &Map, side: usize, buffers: &mut Buffers) -> Map {
    let [n, from, _, _] = x.shape;
    let weights = resize_rows(from, side);
    let across = crate::kernels::pack(from, side, |k, j| weights[j * from + k]);
    let mut out = buffers.take([n, side, side, 1]);
    let pictures =
        out.values.par_chunks_exact_mut(side * side).zip(x.values.par_chunks_exact(from * from));
    pictures.for_each(|(out, x)| {
        let mut half = vec![0.0; from * side];
        let rows = |data| Rows { data, segments: &[0], len: from, step: 1, stride: from };
        product(&mut half, side, from, rows(x), Panels::packed(&across, from, side), Start::Zero);
        let half = panels_of(&half, side);
        product(out, side, side, rows(&weights), Panels::packed(&half, from, side), Start::Zero);
    });
    out
}

/// Gaussian blur with σ of a sixteenth of the height: A·X·Aᵀ for every picture.
fn blur(x: &Map, buffers: &mut Buffers) -> Map {
    let [_, side, _, _] = x.shape;
    let weights = gaussian_rows(side, side as f32 / 16.0);
    let across = crate::kernels::pack(side, side, |k, j| weights[j * side + k]);
    let mut out = buffers.take(x.shape);
    let square = |data: &[f32], panels: &[f32], out: &mut [f32]| {
        let rows = Rows { data, segments: &[0], len: side, step: 1, stride: side };
        product(out, side, side, rows, Panels::packed(panels, side, side), Start::Zero);
    };
    out.values
        .par_chunks_exact_mut(side * side)
        .zip(x.values.par_chunks_exact(side * side))
        .for_each(|(out, x)| {
            let mut half = vec![0.0; side * side];
            square(x, &across, &mut half);
            square(&weights, &panels_of(&half, side), out);
        });
    out
}
