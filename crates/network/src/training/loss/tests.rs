//! The losses against naive twins written out pair by pair, and on batches that could break them.

use super::*;
use burn::tensor::{Device, Tensor, TensorData};

const N: usize = 5;
const BITS: usize = 16;
const CLASSES: usize = 4;
/// Two pictures of one label, one of two, one that shares a label with it, one without any.
const LABELS: [[f64; CLASSES]; N] = [
    [1.0, 0.0, 0.0, 0.0],
    [1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 1.0, 0.0],
    [0.0, 0.0, 1.0, 1.0],
    [0.0, 0.0, 0.0, 0.0],
];

fn u() -> Vec<Vec<f64>> {
    (0..N)
        .map(|i| (0..BITS).map(|k| ((i * 7 + k * 3 + 1) as f64 * 0.7).sin() * 1.5).collect())
        .collect()
}

fn tensor(rows: &[Vec<f64>]) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|v| *v as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), rows[0].len()]), &Device::flex())
}

fn present() -> Tensor<2> {
    tensor(&LABELS.map(|row| row.to_vec()))
}

fn share() -> Vec<Vec<f64>> {
    LABELS.map(|row| row.map(|y| y / row.iter().sum::<f64>().max(1.0)).to_vec()).to_vec()
}

fn targets() -> Vec<Vec<f64>> {
    let values: Vec<f32> =
        hadamard_targets(CLASSES, BITS, &Device::flex()).into_data().iter().collect();
    values.chunks(BITS).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn similar(i: usize, j: usize) -> bool {
    dot(&LABELS[i], &LABELS[j]) > 0.0
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..N).flat_map(|i| (0..N).map(move |j| (i, j))).filter(|(i, j)| i != j)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn all(u: &[Vec<f64>]) -> impl Iterator<Item = f64> + '_ {
    u.iter().flatten().copied()
}

fn triples() -> Vec<(usize, usize, usize)> {
    let of =
        |(q, p): (usize, usize)| (0..N).filter(move |&n| !similar(q, n)).map(move |n| (q, p, n));
    pairs().filter(|&(q, p)| similar(q, p)).flat_map(of).collect()
}

fn check(got: Tensor<1>, expected: f64) {
    let got = f64::from(got.into_scalar::<f32>());
    assert!(
        (got - expected).abs() < 1e-3 * expected.abs().max(1.0),
        "got {got}, expected {expected}"
    );
}

#[test]
fn losses_of_pairs() {
    let u = u();
    let likelihood = |theta: f64, s: f64| (1.0 + theta.exp()).ln() - s * theta;
    let s = |i, j| f64::from(u8::from(similar(i, j)));
    let quantised = mean(all(&u).map(|v| (v - v.signum()).powi(2)));
    let expected =
        mean(pairs().map(|(i, j)| likelihood(0.5 * dot(&u[i], &u[j]), s(i, j)))) + 0.1 * quantised;
    check(dpsh(tensor(&u), present()), expected);

    let beta = 4f64.sqrt();
    let v: Vec<Vec<f64>> =
        u.iter().map(|row| row.iter().map(|x| (beta * x).tanh()).collect()).collect();
    let of = |wanted: bool| {
        mean(
            pairs()
                .filter(|&(i, j)| similar(i, j) == wanted)
                .map(|(i, j)| likelihood(0.1 * dot(&v[i], &v[j]), s(i, j))),
        )
    };
    check(hash_net(tensor(&u), present(), 0.2), of(true) + of(false));
}

#[test]
fn losses_of_triplets() {
    let u = u();
    let quantised = mean(all(&u).map(|v| (v - v.signum()).powi(2)));
    let z =
        |(q, p, n): (usize, usize, usize)| 0.5 * dot(&u[q], &u[p]) - 0.5 * dot(&u[q], &u[n]) - 5.0;
    let expected = mean(triples().into_iter().map(|t| (1.0 + z(t).exp()).ln() - z(t))) + quantised;
    check(dtsh(tensor(&u), present()), expected);

    let apart = |i: usize, j: usize| mean(u[i].iter().zip(&u[j]).map(|(a, b)| (a - b).powi(2)));
    let hinge =
        |(q, p, n): (usize, usize, usize)| (0.5 * BITS as f64 - apart(q, n) + apart(q, p)).max(0.0);
    check(ath(tensor(&u), present()), mean(triples().into_iter().map(hinge)));
}

#[test]
fn losses_of_centres() {
    let (u, o) = (u(), targets());
    let c: Vec<Vec<f64>> = centres(tensor(&o), present())
        .into_data()
        .iter::<f32>()
        .collect::<Vec<_>>()
        .chunks(BITS)
        .map(|row| row.iter().map(|v| f64::from(*v)).collect())
        .collect();
    assert_eq!(c[0], o[0]);
    assert!(all(&c).all(|v| v.abs() == 1.0));
    let both: Vec<usize> = (0..BITS).filter(|&k| o[1][k] == o[2][k]).collect();
    assert!(both.iter().all(|&k| c[2][k] == o[1][k]));
    let places = || (0..N).flat_map(|i| (0..BITS).map(move |k| (i, k)));
    let entropy = |(i, k): (usize, usize)| {
        let (p, wanted) = (0.5 * (u[i][k].tanh() + 1.0), 0.5 * (c[i][k] + 1.0));
        -wanted * p.ln() - (1.0 - wanted) * (1.0 - p).ln()
    };
    let beside = mean(all(&u).map(|v| (v.tanh().abs() - 1.0).powi(2)));
    check(csq(tensor(&u), tensor(&o), present()), mean(places().map(entropy)) + 1e-4 * beside);

    let polar = places().map(|(i, k)| (1.0 - u[i][k] * c[i][k]).max(0.0)).sum::<f64>() / N as f64;
    check(dpn(tensor(&u), tensor(&o), present()), polar + 0.1 * mean(all(&u).map(|v| v * v)));
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)
}

#[test]
fn losses_with_proxies() {
    let (u, o, y) = (u(), targets(), share());
    let entropy = |i: usize| {
        let code: Vec<f64> = u[i].iter().map(|v| v.signum()).collect();
        let logits: Vec<f64> = o.iter().map(|p| dot(&code, p)).collect();
        let sum: f64 = logits.iter().map(|z| z.exp()).sum();
        -(0..CLASSES).map(|c| y[i][c] * (logits[c] - sum.ln())).sum::<f64>()
    };
    let beside = mean(all(&u).map(|v| (v.abs() - 1.0).abs().powi(3)));
    check(
        greedy_hash(tensor(&u), tensor(&o), tensor(&y)),
        mean((0..N).map(entropy)) + 0.1 * beside,
    );

    let entries = || (0..N).flat_map(|i| (0..CLASSES).map(move |c| (i, c)));
    let to = |wanted: f64| entries().filter(move |&(i, c)| LABELS[i][c] == wanted);
    let near = mean(to(1.0).map(|(i, c)| 1.0 - cosine(&u[i], &o[c])));
    let far = mean(to(0.0).map(|(i, c)| cosine(&u[i], &o[c]).max(0.0)));
    // Pictures 2 and 3 have two labels each, and one in common: nothing is kept apart.
    check(hyp2(tensor(&u), tensor(&o), present(), present()), near + far);
}

#[test]
fn graded_and_neighbourhood_losses() {
    let u = u();
    let k = BITS as f64;
    let v: Vec<Vec<f64>> =
        u.iter().map(|row| row.iter().map(|x| x / (x.abs() + 1.0)).collect()).collect();
    let one = |(i, j): (usize, usize)| {
        let (s, theta) = (cosine(&LABELS[i], &LABELS[j]), 0.5 * dot(&v[i], &v[j]));
        if !(0.01..=0.99).contains(&s) {
            (1.0 + theta.exp()).ln() - s * theta
        } else {
            0.1 * ((theta + k - 2.0 * s * k) / k).powi(2)
        }
    };
    let beside = mean(all(&v).map(|x| (x.abs() - 1.0).abs()));
    check(idhn(tensor(&u), present()), mean(pairs().map(one)) + 0.1 * beside);

    let h: Vec<Vec<f64>> = u.iter().map(|row| row.iter().map(|x| x.tanh()).collect()).collect();
    let weight = |i: usize, j: usize| {
        (-h[i].iter().zip(&h[j]).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / (k / 4.0)).exp()
    };
    let chance = |i: usize| {
        let of = |j: usize| if i == j { 0.0 } else { weight(i, j) };
        (0..N).filter(|&j| similar(i, j)).map(of).sum::<f64>() / (0..N).map(of).sum::<f64>()
    };
    let beside = mean(all(&h).map(|x| (x - x.signum()).powi(2)));
    check(nca(tensor(&u), present()), 0.1 * beside - mean((0..N).map(chance)));
}

#[test]
fn every_loss_has_finite_gradients_even_without_labels() {
    let losses = [
        HashLoss::OrthoHash,
        HashLoss::Csq,
        HashLoss::Dpn,
        HashLoss::GreedyHash,
        HashLoss::Hyp2,
        HashLoss::Dpsh,
        HashLoss::HashNet,
        HashLoss::Dtsh,
        HashLoss::Ath,
        HashLoss::Idhn,
        HashLoss::Nca,
        HashLoss::None,
    ];
    let device = Device::flex().autodiff();
    for labelled in [1.0, 0.0] {
        for loss in losses {
            let u = Tensor::<2>::from_data(tensor(&u()).into_data(), &device).require_grad();
            let on = |t: Tensor<2>| Tensor::<2>::from_data(t.into_data(), &device);
            let present = on(present() * labelled);
            let term = hash_term(
                loss,
                LossInputs {
                    u: u.clone(),
                    targets: on(tensor(&targets())),
                    proxies: None,
                    present: present.clone(),
                    share: on(tensor(&share()) * labelled),
                    pairs: present,
                    scale: 4.0,
                    margin: 0.3,
                    progress: 0.5,
                },
            );
            assert!(term.clone().into_scalar::<f32>().is_finite(), "{loss:?}");
            let gradient = u.grad(&term.backward());
            let finite = |g: Tensor<2>| g.into_data().iter::<f32>().all(f32::is_finite);
            assert!(gradient.is_none_or(finite), "{loss:?}");
        }
    }
}

#[test]
fn instance_discrimination_is_the_formula_pair_by_pair() {
    let z: Vec<Vec<f64>> = u().into_iter().take(4).collect();
    let cosine = |a: &[f64], b: &[f64]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    let others = |i: usize| (0..4).filter(move |&j| j != i);
    let of_row = |i: usize| {
        let chance = |j: usize| (cosine(&z[i], &z[j]) / 0.2).exp();
        let all: f64 = others(i).map(chance).sum();
        -(chance((i + 2) % 4) / all).ln()
    };
    let expected = mean((0..4).map(of_row));
    let got: f32 = instance_discrimination(tensor(&z), 0.2).into_scalar();
    assert!((f64::from(got) - expected).abs() < 1e-4, "{got}, expected {expected}");
}
