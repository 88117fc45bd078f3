use burn::prelude::*;
use burn::optim::*;
use network::*;
use std::time::Instant;
fn main() {
    let size: usize = std::env::args().nth(1).map(|s| s.parse().unwrap()).unwrap_or(96);
    let fcn = std::env::args().nth(2).is_none();
    let device = Device::flex().autodiff();
    let a = Architecture { bits: 64, modification: if fcn { Modification::Blur } else { Modification::None } };
    let mut net = Network::new(&a, 40, 1, &device);
    let targets = loss::hadamard_targets(40, 64, &device);
    let mut opt = AdamWConfig::new().with_weight_decay(0.05).init();
    let b = 32;
    let vals: Vec<f32> = (0..b * size * size).map(|i| ((i * 7919) % 1000) as f32 / 1000.).collect();
    let y: Vec<f32> = (0..b * 40).map(|i| if i % 40 == (i / 40) % 7 { 1.0 } else { 0.0 }).collect();
    for _ in 0..6 {
        let t = Instant::now();
        let x = Tensor::<4>::from_data(TensorData::new(vals.clone(), [b, 1, size, size]), &device);
        let y = Tensor::<2>::from_data(TensorData::new(y.clone(), [b, 40]), &device);
        let o = net.forward(x.clone(), Mode::Train);
        let l = loss::ortho_hash(o.hash, targets.clone(), y.clone(), y.clone(), 8.0, 0.3) + loss::cross_entropy(o.logits, y.clone()) * 0.5
            + loss::area(o.saliency.clone(), 0.3) + loss::total_variation(o.saliency.clone());
        let tf = t.elapsed();
        let g = l.backward();
        let tb = t.elapsed();
        let g = GradientsParams::from_grads(g, &net);
        net = opt.step(1e-3f64, net, g);
        println!("loss {:?} forward {:?} backward {:?} step {:?}", l.into_scalar::<f32>(), tf, tb - tf, t.elapsed() - tb);
    }
}
