//! The part of a picture that a training step sees. It is turned, mirrored and enlarged at random,
//! and has the findings' targets for every place of its map.

use super::config::SaliencyConfig;
use super::lessons::{Lesson, Rectangle, Sign};
use crate::training::augment::{around, sample};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The greatest distance, in pixels of the square and on each axis, between an aimed crop and the
/// middle of its box.
const MISS: f32 = 70.0;
/// The greatest turn beside quarter turns, in degrees.
const TURN: f32 = 20.0;
/// The greatest change of the scale's logarithm.
const SCALE: f32 = 0.22;
/// The greatest changes of contrast and brightness, in deviations of the picture's grey, and the
/// largest deviation of noise.
const CONTRAST: f32 = 0.25;
const BRIGHTNESS: f32 = 0.25;
const NOISE: f32 = 0.1;
/// σ of a target as a share of its box's side. A side counts as at least 8 pixels.
const SIGMA: f32 = 0.35;
const LEAST_SIDE: f32 = 8.0;
/// The least largest value of a target at which a crop shows the finding, and the greatest at which
/// it does not.
const SEEN: f32 = 0.5;
const UNSEEN: f32 = 0.1;
/// The side in pixels of a crop's area that a place of a map stands for.
pub(crate) const PLACE: usize = 4;

/// A crop's lesson about one finding.
pub(crate) struct Taught {
    /// The targets in 0..=1, for every place of the map, row by row.
    pub places: Vec<f32>,
    /// True if the targets can be trusted.
    pub known: bool,
    /// The label: 1 if the finding is seen, else 0.
    pub label: f32,
    /// The weight of the label.
    pub weight: f32,
}

/// The position of a crop: a mapping from its pixels to the square's.
pub(crate) struct Crop {
    side: usize,
    centre: (f32, f32),
    cos: f32,
    sin: f32,
    mirror: f32,
}

impl Crop {
    /// Draws a crop's position: near a box if it is `aimed` and there is a box, otherwise anywhere
    /// in the picture.
    pub(crate) fn draw(lesson: &Lesson, side: usize, aimed: bool, random: &mut ChaCha8Rng) -> Self {
        let angle = 90.0 * random.random_range(0..4) as f32 + around(TURN, random);
        let zoom = around(SCALE, random).exp();
        let mirror = if random.random::<bool>() { -1.0 } else { 1.0 };
        let (sin, cos) = angle.to_radians().sin_cos();
        let centre = Self::centre(lesson, aimed, random);
        Self { side, centre, cos: cos / zoom, sin: sin / zoom, mirror }
    }

    fn centre(lesson: &Lesson, aimed: bool, random: &mut ChaCha8Rng) -> (f32, f32) {
        let boxes: Vec<&Rectangle> = lesson.signs.iter().flat_map(rectangles).collect();
        if aimed && !boxes.is_empty() {
            let [left, top, right, bottom] = boxes[random.random_range(0..boxes.len())];
            return (
                (left + right) / 2.0 + around(MISS, random),
                (top + bottom) / 2.0 + around(MISS, random),
            );
        }
        let frame = &lesson.frame;
        let within = |start: u32, extent: u32, part: f32| start as f32 + part * extent as f32;
        (
            within(frame.left, frame.width, random.random()),
            within(frame.top, frame.height, random.random()),
        )
    }

    /// The point of the square at a point of the crop, in pixels from its corner.
    fn source(&self, x: f32, y: f32) -> (f32, f32) {
        let middle = self.side as f32 / 2.0;
        let (x, y) = ((x - middle) * self.mirror, y - middle);
        (self.centre.0 + self.cos * x - self.sin * y, self.centre.1 + self.sin * x + self.cos * y)
    }

    /// The crop's pixels, standardised as the whole picture is, with contrast, brightness and noise
    /// at random.
    pub(crate) fn pixels(&self, lesson: &Lesson, size: usize, random: &mut ChaCha8Rng) -> Vec<f32> {
        let grey: Vec<f32> = lesson.pixels.iter().map(|grey| f32::from(*grey) / 255.0).collect();
        let (mean, deviation) = lesson.exposure;
        let contrast = around(CONTRAST, random).exp();
        let brightness = around(BRIGHTNESS, random);
        // A uniform draw of half-width σ√3 has the standard deviation σ.
        let noise = random.random::<f32>() * NOISE * 3f32.sqrt();
        let middles = (0..self.side * self.side).map(|i| (i % self.side, i / self.side));
        middles
            .map(|(x, y)| {
                let (x, y) = self.source(x as f32 + 0.5, y as f32 + 0.5);
                let value = (sample(&grey, size, (x - 0.5, y - 0.5)) - mean) / deviation;
                value * contrast + brightness + around(noise, random)
            })
            .collect()
    }

    /// The crop's lesson about each finding.
    pub(crate) fn taught(&self, lesson: &Lesson, config: &SaliencyConfig) -> Vec<Taught> {
        lesson.signs.iter().map(|sign| self.of_sign(sign, config)).collect()
    }

    fn of_sign(&self, sign: &Sign, config: &SaliencyConfig) -> Taught {
        let across = self.side / PLACE;
        let none = || vec![0.0; across * across];
        match sign {
            Sign::Boxed(boxes) => {
                let places = self.target(boxes);
                let most = places.iter().copied().fold(0.0, f32::max);
                let weight = if most > UNSEEN && most < SEEN { 0.0 } else { config.label };
                Taught { places, known: true, label: f32::from(most >= SEEN), weight }
            }
            Sign::Absent => {
                Taught { places: none(), known: true, label: 0.0, weight: config.label }
            }
            Sign::Labelled => {
                Taught { places: none(), known: false, label: 1.0, weight: config.label_alone }
            }
            Sign::Unknown => Taught { places: none(), known: false, label: 0.0, weight: 0.0 },
        }
    }

    /// The targets: a Gaussian for each box, and the largest of them at each place.
    fn target(&self, boxes: &[Rectangle]) -> Vec<f32> {
        let across = self.side / PLACE;
        let middle = |at: usize| (at as f32 + 0.5) * PLACE as f32;
        let value = |i: usize| {
            let (x, y) = self.source(middle(i % across), middle(i / across));
            boxes.iter().map(|found| bell(found, x, y)).fold(0.0, f32::max)
        };
        (0..across * across).map(value).collect()
    }
}

fn rectangles(sign: &Sign) -> &[Rectangle] {
    match sign {
        Sign::Boxed(boxes) => boxes,
        _ => &[],
    }
}

/// A Gaussian around the middle of a box, 1 there.
fn bell([left, top, right, bottom]: &Rectangle, x: f32, y: f32) -> f32 {
    let part = |at: f32, start: f32, end: f32| {
        let sigma = SIGMA * (end - start).max(LEAST_SIDE);
        ((at - (start + end) / 2.0) / sigma).powi(2)
    };
    (-0.5 * (part(x, *left, *right) + part(y, *top, *bottom))).exp()
}
