fn main() {
    let a: Vec<String> = std::env::args().collect();
    let c = network::TrainConfig::read(a[1].as_ref()).unwrap();
    let d = radiograph::dataset::Dataset::open(a[2].as_ref()).unwrap();
    let o = network::TrainOptions { out: a[3].clone().into(), resume: a.len() > 4, seed: None, device: network::DeviceChoice::Cpu };
    let r = network::train(&c, &d, &o, &mut |e| match e { network::TrainEvent::Step { step, .. } if step % 10 != 0 => (), e => println!("{e:?}") });
    println!("{:?}", r.map(|r| r.best_epoch));
}
