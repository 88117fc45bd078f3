//! The saliency network's training on synthetic pictures: rings to be found among brighter discs.

use super::batch::Batch;
use super::config::SaliencyConfig;
use super::lessons::{Boxes, Lesson, Lessons, Sign, findings_of};
use super::run::{points, terms};
use crate::inference::finder::Finder;
use crate::inference::plan::MapPlan;
use crate::model::finding::{self, FindingCard};
use crate::model::layers::{Init, Mode};
use crate::model::network::{Architecture, Network, Taught};
use crate::model::saliency::{AttentionFcn, exposure};
use crate::model::weights;
use crate::training::optimiser::AdamW;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use burn_optim::{GradientsParams, ModuleOptimizer};
use radiograph::dataset::{BoundingBox, Description, Item, Split};
use radiograph::{Frame, Input, Preprocess};
use std::collections::BTreeMap;
use std::path::PathBuf;

const SIZE: usize = 96;

fn config() -> SaliencyConfig {
    SaliencyConfig { size: SIZE as u32, crop: 64, batch: 8, ..SaliencyConfig::default() }
}

/// A grey picture with a disc, brighter than all else, and a ring around `ring`.
fn pixels(ring: Option<(f32, f32)>, disc: (f32, f32)) -> Vec<f32> {
    let far = |(x, y): (f32, f32), i: usize| ((i % SIZE) as f32 - x).hypot((i / SIZE) as f32 - y);
    let grey = |i: usize| {
        let rim = ring.is_some_and(|ring| (far(ring, i) - 6.0).abs() < 1.5);
        let base = 0.4 + 0.1 * ((i * 7919 % 101) as f32 / 101.0);
        if far(disc, i) < 7.0 { 1.0 } else { base + if rim { 0.3 } else { 0.0 } }
    };
    (0..SIZE * SIZE).map(grey).collect()
}

fn lesson(ring: Option<(f32, f32)>, disc: (f32, f32)) -> Lesson {
    let pixels = pixels(ring, disc);
    let around = |(x, y): (f32, f32)| Sign::Boxed(vec![[x - 8.0, y - 8.0, x + 8.0, y + 8.0]]);
    Lesson {
        exposure: exposure(&pixels),
        pixels: pixels.iter().map(|grey| (grey * 255.0).round() as u8).collect(),
        frame: Frame::full(SIZE as u32),
        signs: vec![ring.map_or(Sign::Absent, around)],
        source: None,
    }
}

/// Four pictures with a ring, two without.
fn lessons() -> Lessons {
    let lessons = vec![
        lesson(Some((30.0, 40.0)), (70.0, 60.0)),
        lesson(Some((66.0, 30.0)), (30.0, 70.0)),
        lesson(Some((50.0, 70.0)), (40.0, 25.0)),
        lesson(Some((25.0, 60.0)), (60.0, 60.0)),
        lesson(None, (30.0, 30.0)),
        lesson(None, (60.0, 70.0)),
    ];
    let findings = vec!["ring".to_owned()];
    Lessons {
        size: SIZE,
        findings,
        lessons,
        bearing: vec![vec![0, 1, 2, 3]],
        beside: vec![vec![4, 5]],
    }
}

fn network(seed: u64, device: &Device) -> AttentionFcn {
    weights::identify(AttentionFcn::of_findings(&mut Init::new(seed, device), 1))
}

/// The losses of some steps, and the network after them.
fn trained(steps: usize, seed: u64) -> (Vec<f32>, AttentionFcn) {
    let (device, config, lessons) = (Device::flex().autodiff(), config(), lessons());
    let mut network = network(seed, &device);
    let mut optimiser = ModuleOptimizer::from(AdamW { weight_decay: config.weight_decay });
    let step = |step: usize| {
        let batch = Batch::draw(&lessons, &config, seed, 0, step).tensors(&device);
        let loss = terms(&network, &config, batch).unwrap()[0].clone();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network =
            optimiser.step(config.rate(step as f64 / steps as f64), network.clone(), gradients);
        loss.into_scalar::<f32>()
    };
    ((0..steps).map(step).collect(), network)
}

#[test]
fn it_learns_to_point_at_what_boxes_show_and_not_at_what_is_brightest() {
    let (losses, network) = trained(90, 1);
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&losses[..10]), mean(&losses[80..]));
    assert!(last < 0.5 * first, "the loss went from {first} to {last}");
    let pointing = points(&network, &lessons());
    assert_eq!(pointing, BTreeMap::from([("ring".to_owned(), 1.0)]));
}

#[test]
fn a_seed_names_a_run() {
    let run = |seed| {
        let (losses, network) = trained(3, seed);
        (losses, weights::collect(&network))
    };
    let (a, b, c) = (run(4), run(4), run(5));
    assert!(a == b, "one seed gave two networks");
    assert!(a.0 != c.0 && a.1 != c.1, "two seeds gave one network");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(a == pool.install(|| run(4)), "another number of threads gave another network");
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let (device, config, lessons) = (Device::flex().autodiff(), config(), lessons());
    let network = network(2, &device);
    let loss = |network: &AttentionFcn| {
        let batch = Batch::draw(&lessons, &config, 3, 0, 0).tensors(&device);
        terms(network, &config, batch).unwrap()[0].clone()
    };
    let gradients = weights::collect_gradients(&network, &loss(&network).backward());
    let start = weights::collect(&network);
    assert_eq!(gradients.len(), start.keys().filter(|name| !name.contains("running")).count());
    for name in ["head.bias", "help.bias", "dec2.bn.weight", "res4.1.bn2.weight"] {
        // The step is along the gradient itself, so that rounding does not hide a small one.
        let slope = &gradients[name].values;
        let length = slope.iter().map(|g| g * g).sum::<f32>().sqrt();
        let moved = |by: f32| {
            let mut weights = start.clone();
            let values = &mut weights.get_mut(name).unwrap().values;
            values.iter_mut().zip(slope).for_each(|(v, g)| *v += by * g / length);
            f64::from(
                loss(&weights::apply(self::network(2, &device), weights).unwrap().0)
                    .into_scalar::<f32>(),
            )
        };
        let numeric = (moved(0.02) - moved(-0.02)) / 0.04;
        let length = f64::from(length);
        assert!((numeric - length).abs() < 0.05 * length, "{name}: {numeric}, expected {length}");
    }
}

#[test]
fn the_file_gives_the_maps_of_the_network() {
    let device = Device::flex();
    let init = &mut Init::new(6, &device);
    let network = AttentionFcn::of_findings(init, 2);
    let preprocess = Preprocess { size: SIZE as u32, ..Preprocess::default() };
    let findings = ["ring", "disc"].map(str::to_owned);
    let card = FindingCard::new(&findings, vec![4, 0], preprocess, 1, 6);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saliency.safetensors");
    std::fs::write(&path, finding::to_bytes(&network, &card).unwrap()).unwrap();
    let finder = Finder::load(&path).unwrap();
    assert_eq!(finder.card(), &card);
    let pixels = pixels(Some((30.0, 40.0)), (70.0, 60.0));
    let input =
        Input { size: SIZE as u32, pixels: pixels.clone(), frame: Frame::full(SIZE as u32) };
    let maps = finder.find(std::slice::from_ref(&input)).unwrap().remove(0);
    assert_eq!((maps.by_finding.len(), maps.by_finding[0].size), (2, SIZE as u32 / 4));
    let x = Tensor::from_data(TensorData::new(pixels, [1, 1, SIZE, SIZE]), &device);
    let expected: Vec<f32> = network.forward(x, Mode::Infer).into_data().iter::<f32>().collect();
    let union = maps.union();
    let worst = union.values.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    // The file has weights in 16 bits.
    assert!(worst < 5e-3, "differs by {worst}");
    // A picture that is its own mirror image has the mean of its maps and their mirror images.
    let flat = Input { pixels: vec![0.5; SIZE * SIZE], ..input };
    let mean = finder.find_by_mirrors(&[flat]).unwrap().remove(0).by_finding.remove(0);
    let side = mean.size as usize;
    assert!((0..side * side).all(|i| {
        let mirror = (side - 1 - i / side) * side + side - 1 - i % side;
        (mean.values[i] - mean.values[mirror]).abs() < 1e-5
    }));
}

#[test]
fn a_plan_gives_what_the_network_gives() {
    let device = Device::flex();
    let network = AttentionFcn::of_findings(&mut Init::new(8, &device), 3);
    let lesson = lesson(Some((30.0, 40.0)), (70.0, 60.0));
    let pixels: Vec<f32> = lesson.pixels.iter().map(|grey| f32::from(*grey) / 255.0).collect();
    let got = MapPlan::new(&finding::named(&network)).run(&pixels, SIZE);
    let (mean, deviation) = exposure(&pixels);
    let standardised = pixels.iter().map(|grey| (grey - mean) / deviation).collect();
    let x = Tensor::from_data(TensorData::new(standardised, [1, 1, SIZE, SIZE]), &device);
    let logits = network.findings(x, Mode::Infer).unwrap().places;
    let expected: Vec<f32> = sigmoid(logits).into_data().iter::<f32>().collect();
    assert_eq!(got.len(), expected.len());
    assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4));
}

#[test]
fn a_taught_network_is_part_of_the_whole_and_stays_as_it_is() {
    let device = Device::flex().autodiff();
    let fcn = AttentionFcn::of_findings(&mut Init::new(6, &device), 2);
    let preprocess = Preprocess { size: SIZE as u32, ..Preprocess::default() };
    let card =
        FindingCard::new(&["a", "b"].map(str::to_owned), vec![1, 1], preprocess.clone(), 1, 6);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saliency.safetensors");
    std::fs::write(&path, finding::to_bytes(&fcn, &card).unwrap()).unwrap();
    let taught = finding::taught(&path, &preprocess, 64).unwrap();
    assert_eq!(taught, Taught { findings: 2, backbone: 64 });
    let other = Preprocess { size: 32, ..preprocess };
    let message = finding::taught(&path, &other, 64).unwrap_err().to_string();
    assert!(message.contains("size: 96") && message.contains("size: 32"), "{message}");

    let architecture = Architecture { taught: Some(taught), bits: 16, ..Architecture::default() };
    let network = finding::placed(Network::new(&architecture, 3, 1, &device), &path).unwrap();
    let pixels = [pixels(None, (30.0, 40.0)), pixels(Some((30.0, 40.0)), (70.0, 60.0))].concat();
    let x = || Tensor::from_data(TensorData::new(pixels.clone(), [2, 1, SIZE, SIZE]), &device);
    let before = weights::collect(&network);
    let output = network.forward(x(), Mode::Train);
    assert_eq!(
        (output.saliency.dims(), output.modified.dims()),
        ([2, 1, SIZE, SIZE], [2, 1, 64, 64])
    );
    let worst = (output.saliency - fcn.forward(x(), Mode::Infer)).abs().max().into_scalar::<f32>();
    assert!(worst < 5e-3, "S differs by {worst}");
    let gradients = weights::collect_gradients(&network, &output.hash.square().sum().backward());
    assert!(gradients.contains_key("conv1.weight"));
    let own = |name: &&String| name.starts_with("saliency.");
    assert!(!gradients.keys().any(|name| own(&name)), "the taught network would learn");
    let after = weights::collect(&network);
    assert!(
        before.keys().filter(own).count() > 50
            && before.keys().filter(own).all(|name| before[name] == after[name])
    );
    assert!(before["bn1.running_mean"] != after["bn1.running_mean"]);
}

#[test]
fn files_that_are_no_saliency_network_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Finder::load(&path).err().unwrap().to_string()
    };
    assert!(refused(b"nothing").contains("not a readable weights file"));
    let network = AttentionFcn::of_findings(&mut Init::new(6, &Device::flex()), 1);
    let bytes = |card: &str| weights::to_bytes(&finding::named(&network), true, card).unwrap();
    assert!(refused(&bytes("{}")).contains("saliency_version"));
    let card = |findings: usize, version: u32, size: u32| {
        let names = vec!["a".to_owned(); findings];
        let preprocess = Preprocess { size, ..Preprocess::default() };
        let card = FindingCard::new(&names, vec![0; findings], preprocess, 1, 1);
        serde_json::to_string(&FindingCard { saliency_version: version, ..card }).unwrap()
    };
    assert!(refused(&bytes(&card(1, 2, 96))).contains("version is 2"));
    assert!(refused(&bytes(&card(1, 1, 97))).contains("97 pixels"));
    assert!(refused(&bytes(&card(0, 1, 96))).contains("0 findings"));
    assert!(refused(&bytes(&card(300, 1, 96))).contains("300 findings"));
    assert!(refused(&bytes(&card(2, 1, 96))).contains("head"));
}

fn item(name: &str, labels: &[&str], split: Split) -> Item {
    Item {
        path: PathBuf::from(name),
        name: name.to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        patient: None,
        group: None,
        view: None,
        source: None,
        licence: None,
        split: Some(split),
        description: Description::default(),
        columns: BTreeMap::new(),
    }
}

#[test]
#[should_panic(expected = "not of the training part")]
fn a_test_picture_never_teaches() {
    let items = [item("a", &["x"], Split::Train), item("b", &["x"], Split::Query)];
    let items: Vec<&Item> = items.iter().collect();
    Lessons::load(&items, &Boxes::new(), &["x".to_owned()], &Preprocess::default());
}

#[test]
fn findings_are_those_with_boxes_on_enough_pictures_or_those_named() {
    let found =
        |label: &str| BoundingBox { label: label.into(), x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
    let boxes: Boxes = [("a", vec![found("x"), found("x")]), ("b", vec![found("x"), found("y")])]
        .map(|(name, boxes)| (name.to_owned(), boxes))
        .into();
    let items = [item("a", &["x"], Split::Train), item("b", &["z"], Split::Train)];
    let items: Vec<&Item> = items.iter().collect();
    let of = |named: &[&str], least| {
        let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
        findings_of(&named, least, &items, &boxes)
    };
    assert_eq!(of(&[], 2).unwrap(), ["x"]);
    assert_eq!(of(&[], 1).unwrap(), ["x", "y"]);
    assert_eq!(of(&["z", "y"], 9).unwrap(), ["z", "y"]);
    assert!(of(&[], 3).unwrap_err().to_string().contains("boxes on 3 training pictures"));
    assert!(of(&["q"], 1).unwrap_err().to_string().contains("\"q\""));
}
