//! A step of AdamW (Loshchilov and Hutter 2019) over all values of one parameter, in one pass.

use super::simd::{dispatched, zeros};
use rayon::prelude::*;

/// The number of values of one task.
const PART: usize = 1 << 14;

/// The settings of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub learning_rate: f32,
    pub weight_decay: f32,
    /// The decay rates β₁ and β₂.
    pub decay: [f32; 2],
    pub epsilon: f32,
    /// The number of the step, from 1.
    pub time: i32,
}

dispatched! {
/// `p` becomes p·(1 − lr·wd) − lr·m̂/(√v̂ + ε), after m and v have moved towards g and g².
fn update(step: &Step, g: &[f32], m: &mut [f32], v: &mut [f32], p: &[f32], out: &mut [f32]) {
    let [one, two] = step.decay;
    let corrections = [1.0 / (1.0 - one.powi(step.time)), 1.0 / (1.0 - two.powi(step.time))];
    let kept = 1.0 - step.learning_rate * step.weight_decay;
    let moments = m.iter_mut().zip(v).zip(g);
    for ((out, p), ((m, v), g)) in out.iter_mut().zip(p).zip(moments) {
        *m = one * *m + (1.0 - one) * g;
        *v = two * *v + (1.0 - two) * g * g;
        let direction = *m * corrections[0] / ((*v * corrections[1]).sqrt() + step.epsilon);
        *out = p * kept - step.learning_rate * direction;
    }
}
}

/// The parameter after the step. The two moments are changed in place.
pub(super) fn stepped(step: &Step, g: &[f32], m: &mut [f32], v: &mut [f32], p: &[f32]) -> Vec<f32> {
    let mut out = zeros(p.len());
    let moments = m.par_chunks_mut(PART).zip(v.par_chunks_mut(PART)).zip(g.par_chunks(PART));
    out.par_chunks_mut(PART)
        .zip(p.par_chunks(PART))
        .zip(moments)
        .for_each(|((out, p), ((m, v), g))| update(step, g, m, v, p, out));
    out
}
