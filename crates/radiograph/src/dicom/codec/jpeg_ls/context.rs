//! Parameters and contexts of JPEG-LS (ITU-T T.87 annexes A.2 to A.7 and C.2.4.1).
//!
//! A sample's context is how its neighbours differ from each other. Each context keeps the mean of
//! the errors of prediction that it has seen, and their mean size, which says how they are coded.

use super::bits::Bits;

/// Contexts of a regular sample, when those that differ in sign alone count as one.
const CONTEXTS: usize = 365;
/// Table A.4's J: the exponent of a run's length by the run index.
pub(super) const RUN_LENGTHS: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// Coding parameters of a scan.
pub(super) struct Parameters {
    /// MAXVAL, the largest sample.
    largest: i32,
    /// NEAR, the largest error.
    pub(super) near: i32,
    /// RANGE, the number of errors.
    range: i32,
    /// Bits of an error that is coded as it is.
    error_bits: u32,
    /// LIMIT, the bits of the longest code.
    limit: u32,
    /// Errors after which a context forgets half of what it has seen.
    reset: i32,
    /// Classes of differences of neighbours, from −MAXVAL to MAXVAL.
    classes: Vec<i8>,
}

impl Parameters {
    /// Makes parameters from the bits of a sample, the values of a marker segment LSE and NEAR. The
    /// values are MAXVAL, T1, T2, T3 and RESET; 0 stands for the default. Returns none if they do
    /// not go together.
    pub(super) fn new(precision: u8, presets: [u16; 5], near: u8) -> Option<Self> {
        let [largest, t1, t2, t3, reset] = presets.map(i32::from);
        let all = (1 << precision) - 1;
        let or = |value: i32, default: i32| if value == 0 { default } else { value };
        let (largest, near, reset) = (or(largest, all), i32::from(near), or(reset, 64));
        let defaults = thresholds(largest, near);
        let [t1, t2, t3] = [or(t1, defaults[0]), or(t2, defaults[1]), or(t3, defaults[2])];
        let sound = near < t1 && t1 <= t2 && t2 <= t3 && t3 <= largest;
        if !sound || largest > all || near > 255.min(largest / 2) || reset < 3 {
            return None;
        }
        let range = (largest + 2 * near) / (2 * near + 1) + 1;
        let sample_bits = bits(largest + 1).max(2);
        let class = |difference: i32| {
            let size = difference.abs();
            let class = [near + 1, t1, t2, t3].iter().filter(|&&from| size >= from).count();
            class as i8 * difference.signum() as i8
        };
        Some(Self {
            largest,
            near,
            range,
            error_bits: bits(range),
            limit: 2 * (sample_bits + sample_bits.max(8)),
            reset,
            classes: (-largest..=largest).map(class).collect(),
        })
    }

    /// The context by three differences of neighbours; 0 if they are all alike.
    #[inline]
    pub(super) fn context(&self, differences: [i32; 3]) -> i32 {
        let class = |difference: i32| self.classes[(difference + self.largest) as usize];
        let [first, second, third] = differences.map(|difference| i32::from(class(difference)));
        81 * first + 9 * second + third
    }

    /// A sample from its prediction and error (A.4.5), modulo RANGE.
    #[inline]
    pub(super) fn sample(&self, predicted: i32, error: i32) -> u16 {
        let step = 2 * self.near + 1;
        let mut sample = predicted + error * step;
        if sample < -self.near {
            sample += self.range * step;
        } else if sample > self.largest + self.near {
            sample -= self.range * step;
        }
        sample.clamp(0, self.largest) as u16
    }

    /// A number in a Golomb code of limited length (A.5.3), at most so many bits.
    #[inline]
    fn golomb(&self, bits: &mut Bits, exponent: u32, limit: u32) -> Option<i32> {
        let (zeros, most) = (bits.unary()?, limit.checked_sub(self.error_bits + 1)?);
        let number = if zeros < most {
            (zeros << exponent) + bits.number(exponent)?
        } else {
            bits.number(self.error_bits)? + 1
        };
        // Twice the largest error: more is damage.
        (number <= 2 * self.range as u32 + 2).then_some(number as i32)
    }
}

/// Number of bits of numbers below `count`.
fn bits(count: i32) -> u32 {
    i32::BITS - (count - 1).leading_zeros()
}

/// Default thresholds between the classes of differences (C.2.4.1.1.1).
fn thresholds(largest: i32, near: i32) -> [i32; 3] {
    let clamp = |value: i32, low: i32| if value > largest || value < low { low } else { value };
    let basic = if largest >= 128 {
        let factor = (largest.min(4095) + 128) / 256;
        [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near]
    } else {
        let factor = 256 / (largest + 1);
        [(2, 3, 3), (3, 7, 5), (4, 21, 7)]
            .map(|(least, basic, times)| least.max(basic / factor + times * near))
    };
    let first = clamp(basic[0], near + 1);
    let second = clamp(basic[1], first);
    [first, second, clamp(basic[2], second)]
}

/// Errors that a context has seen.
#[derive(Clone)]
struct Context {
    /// Sum of their sizes.
    sizes: u32,
    /// Sum of them, less what the correction has taken.
    sum: i32,
    /// Correction of the prediction.
    correction: i32,
    /// Their number.
    count: i32,
    /// Number below zero, where a run ends.
    negative: i32,
}

impl Context {
    /// Exponent of the Golomb code that suits errors of this mean size.
    #[inline]
    fn exponent(&self, sizes: u32) -> u32 {
        let mut exponent = 0;
        while u64::from(self.count as u32) << exponent < u64::from(sizes) {
            exponent += 1;
        }
        exponent
    }
}

/// The contexts of a scan.
pub(super) struct Contexts {
    regular: Vec<Context>,
    /// The contexts of samples that end a run. There the samples above and to the left are equal,
    /// or not.
    run_ends: [Context; 2],
}

impl Contexts {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let sizes = 2.max((parameters.range as u32 + 32) / 64);
        let new = Context { sizes, sum: 0, correction: 0, count: 1, negative: 0 };
        Self { regular: vec![new.clone(); CONTEXTS], run_ends: [new.clone(), new] }
    }

    /// A sample by its context and its prediction (A.4 to A.6).
    #[inline]
    pub(super) fn sample(
        &mut self,
        bits: &mut Bits,
        parameters: &Parameters,
        context: i32,
        predicted: i32,
    ) -> Option<u16> {
        let (sign, step) = (if context < 0 { -1 } else { 1 }, 2 * parameters.near + 1);
        let context = self.regular.get_mut(context.unsigned_abs() as usize)?;
        let predicted = (predicted + sign * context.correction).clamp(0, parameters.largest);
        let exponent = context.exponent(context.sizes);
        let number = parameters.golomb(bits, exponent, parameters.limit)?;
        let mut error = (number >> 1) ^ -(number & 1);
        if exponent == 0 && parameters.near == 0 && 2 * context.sum <= -context.count {
            error = !error;
        }
        context.sizes += error.unsigned_abs();
        context.sum += error * step;
        if context.count == parameters.reset {
            context.sizes >>= 1;
            context.sum >>= 1;
            context.count >>= 1;
        }
        context.count += 1;
        context.correct();
        Some(parameters.sample(predicted, sign * error))
    }

    /// The error of the sample that ends a run (A.7.2). `alike` tells whether its neighbours to
    /// the left and above are, `run_index` how long runs are expected to be.
    pub(super) fn run_end(
        &mut self,
        bits: &mut Bits,
        parameters: &Parameters,
        alike: bool,
        run_index: usize,
    ) -> Option<i32> {
        let kind = i32::from(alike);
        let context = &mut self.run_ends[usize::from(alike)];
        let exponent = context.exponent(context.sizes + (context.count >> 1 & -kind) as u32);
        let limit = parameters.limit - RUN_LENGTHS[run_index] - 1;
        let number = parameters.golomb(bits, exponent, limit)?;
        let odd = (number + kind) & 1;
        let size = (number + kind + odd) / 2;
        let below = i32::from(exponent != 0 || 2 * context.negative >= context.count);
        let error = if below == odd { -size } else { size };
        context.negative += i32::from(error < 0);
        context.sizes += ((number + 1 - kind) >> 1) as u32;
        if context.count == parameters.reset {
            context.sizes >>= 1;
            context.count >>= 1;
            context.negative >>= 1;
        }
        context.count += 1;
        Some(error)
    }
}

impl Context {
    /// Corrects the prediction by one where errors have a mean that is not 0 (A.6.2).
    #[inline]
    fn correct(&mut self) {
        if self.sum <= -self.count {
            self.correction = (self.correction - 1).max(-128);
            self.sum = (self.sum + self.count).max(1 - self.count);
        } else if self.sum > 0 {
            self.correction = (self.correction + 1).min(127);
            self.sum = (self.sum - self.count).min(0);
        }
    }
}
