//! The storage of a pixel: bits, sign, and the meaning of its samples (PS3.3 C.7.6.3).

use super::attributes::wrong;
use super::header::Elements;
use crate::error::Result;
use crate::warning::Warnings;
use dicom_dictionary_std::tags;
use std::ops::RangeInclusive;

/// The meaning of a pixel's samples.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Photometric {
    /// One sample; low is white where `inverted`.
    Monochrome { inverted: bool },
    /// Red, green, blue.
    Rgb,
    /// Luminance and two differences of colour.
    Ybr,
    /// The same with one pair of differences for two pixels. Uncompressed pixels lie as Y Y Cb Cr.
    Ybr422,
}

impl Photometric {
    /// The same, where each pixel has all its samples.
    pub(super) fn full(self) -> Self {
        if self == Self::Ybr422 { Self::Ybr } else { self }
    }

    /// The same, where a decoder has turned colours into red, green and blue.
    pub(super) fn as_rgb(self) -> Self {
        if matches!(self, Self::Monochrome { .. }) { self } else { Self::Rgb }
    }
}

/// The storage of a pixel.
#[derive(Clone, Copy)]
pub(super) struct Encoding {
    /// Bits a sample takes: 1, 8 or 16.
    pub(super) allocated: u32,
    /// Bits of a sample that carry its value.
    pub(super) stored: u32,
    /// The lowest of them.
    pub(super) lowest: u32,
    /// Two's complement.
    pub(super) signed: bool,
    pub(super) photometric: Photometric,
    /// Colours lie one after the other, not pixel by pixel.
    pub(super) planar: bool,
}

impl Encoding {
    /// Reads and checks the attributes. Without bits allocated and stored there is no picture; of
    /// the others the usual value is assumed where they make no sense.
    pub(super) fn of(elements: &Elements, warnings: &mut Warnings) -> Result<Self> {
        let allocated = elements.required(tags::BITS_ALLOCATED, "BitsAllocated", "1, 8 or 16")?;
        if !matches!(allocated, 1 | 8 | 16) {
            return Err(wrong("BitsAllocated", &allocated.to_string(), "1, 8 or 16"));
        }
        let whole = ("BitsStored", 1..=u16::MAX, allocated);
        let stored = usual(elements.short(tags::BITS_STORED), whole, warnings);
        if stored > allocated {
            return Err(wrong("BitsStored", &stored.to_string(), "1 to BitsAllocated"));
        }
        let lowest = ("HighBit", stored - 1..=allocated - 1, stored - 1);
        let high = usual(elements.short(tags::HIGH_BIT), lowest, warnings);
        let unsigned = ("PixelRepresentation", 0..=1, 0);
        let signed = usual(elements.short(tags::PIXEL_REPRESENTATION), unsigned, warnings) == 1;
        let photometric = photometric(elements, warnings)?;
        Ok(Self {
            allocated: allocated.into(),
            stored: stored.into(),
            lowest: (high + 1 - stored).into(),
            signed,
            photometric,
            planar: photometric.samples() == 3 && {
                let by_pixel = ("PlanarConfiguration", 0..=1, 0);
                usual(elements.short(tags::PLANAR_CONFIGURATION), by_pixel, warnings) == 1
            },
        })
    }

    /// Samples a pixel.
    pub(super) fn samples(&self) -> usize {
        self.photometric.samples().into()
    }

    /// The value of a pixel. Bits beside those stored, where old files keep overlays, are masked.
    pub(super) fn value(&self, raw: u16) -> i32 {
        let unused = 32 - self.stored;
        let raw = u32::from(raw >> self.lowest) << unused;
        if self.signed { raw as i32 >> unused } else { (raw >> unused) as i32 }
    }

    /// The least and the greatest value that a pixel can have.
    pub(super) fn range(&self) -> RangeInclusive<f64> {
        let values = f64::from(1 << self.stored);
        if self.signed { -values / 2.0..=values / 2.0 - 1.0 } else { 0.0..=values - 1.0 }
    }

    /// The largest value of an unsigned sample.
    pub(super) fn largest(&self) -> u16 {
        u16::MAX >> (16 - self.stored)
    }
}

impl Photometric {
    fn samples(self) -> u16 {
        if matches!(self, Self::Monochrome { .. }) { 1 } else { 3 }
    }
}

/// A number, or else the usual one, with a warning.
fn usual(
    found: Option<u16>,
    (attribute, allowed, usual): (&'static str, RangeInclusive<u16>, u16),
    warnings: &mut Warnings,
) -> u16 {
    if let Some(number) = found.filter(|number| allowed.contains(number)) {
        return number;
    }
    let got = found.map_or("missing".to_owned(), |number| number.to_string());
    let expected = match attribute {
        "BitsStored" => "1 to BitsAllocated",
        "HighBit" => "BitsStored − 1 to BitsAllocated − 1",
        "SamplesPerPixel" => "1 for MONOCHROME, 3 for colours",
        _ => "0 or 1",
    };
    warnings.add(attribute, got, expected, format!("{usual} was assumed"));
    usual
}

/// A term in capitals, without what words are written apart with: `Monochrome_2` is `MONOCHROME2`.
fn squeezed(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

fn photometric(elements: &Elements, warnings: &mut Warnings) -> Result<Photometric> {
    let samples = elements.short(tags::SAMPLES_PER_PIXEL);
    let name = elements.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    let (photometric, term) = match squeezed(&name).as_str() {
        "MONOCHROME1" => (Photometric::Monochrome { inverted: true }, "MONOCHROME1"),
        "MONOCHROME2" => (Photometric::Monochrome { inverted: false }, "MONOCHROME2"),
        "" | "MONOCHROME" if samples.is_none_or(|samples| samples <= 1) => {
            (Photometric::Monochrome { inverted: false }, "MONOCHROME2")
        }
        "RGB" => (Photometric::Rgb, "RGB"),
        "YBRICT" => (Photometric::Rgb, "YBR_ICT"),
        "YBRRCT" => (Photometric::Rgb, "YBR_RCT"),
        "YBRFULL" => (Photometric::Ybr, "YBR_FULL"),
        "YBRFULL422" => (Photometric::Ybr422, "YBR_FULL_422"),
        _ => {
            // The colours of a palette are no measure of attenuation: what is dark in them says
            // nothing.
            let expected = "MONOCHROME1, MONOCHROME2, RGB or YBR: a palette gives colours an order that is not \
                            of brightness, so that no grey can be made of it";
            return Err(wrong("PhotometricInterpretation", &name, expected));
        }
    };
    if name != term {
        let expected = "a term of the standard in its spelling";
        warnings.add("PhotometricInterpretation", &name, expected, format!("{term} was assumed"));
    }
    let expected = photometric.samples();
    match usual(samples, ("SamplesPerPixel", 1..=u16::MAX, expected), warnings) {
        got if got == expected => Ok(photometric),
        got if expected == 1 => {
            Err(wrong("SamplesPerPixel", &got.to_string(), "1, as MONOCHROME has"))
        }
        got => Err(wrong("SamplesPerPixel", &got.to_string(), "3, as colours have")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(encoding: &Encoding, raw: &[u16]) -> Vec<i32> {
        raw.iter().map(|&r| encoding.value(r)).collect()
    }

    #[test]
    fn bits_beside_those_stored_are_masked_and_signs_kept() {
        let photometric = Photometric::Monochrome { inverted: false };
        let unsigned = Encoding {
            allocated: 16,
            stored: 12,
            lowest: 0,
            signed: false,
            photometric,
            planar: false,
        };
        assert_eq!(values(&unsigned, &[0xFFFF, 0x1001]), [0x0FFF, 1]);
        assert_eq!(unsigned.largest(), 4095);
        let signed = Encoding { signed: true, ..unsigned };
        assert_eq!(values(&signed, &[0x0FFF, 0x07FF, 0xF800]), [-1, 2047, -2048]);
        let upper = Encoding { lowest: 4, signed: false, ..signed };
        assert_eq!(values(&upper, &[0xFFFF, 0x001F]), [0x0FFF, 1]);
        let all = Encoding { stored: 16, signed: true, ..unsigned };
        assert_eq!(values(&all, &[0x8000, 0x7FFF]), [-32768, 32767]);
    }
}
