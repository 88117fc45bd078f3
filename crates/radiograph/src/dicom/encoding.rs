//! How a pixel is stored: bits, sign, and what its samples mean (PS3.3 C.7.6.3).

use super::attributes::wrong;
use super::header::Elements;
use crate::error::Result;
use dicom_dictionary_std::tags;

/// What the samples of a pixel mean.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Photometric {
    /// One sample; low is white where `inverted`.
    Monochrome { inverted: bool },
    /// Red, green, blue.
    Rgb,
    /// Luminance and two differences of colour.
    Ybr,
    /// The same with half the differences, Y Y Cb Cr, where pixels are stored as they are.
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

/// How a pixel is stored.
#[derive(Clone, Copy)]
pub(super) struct Encoding {
    /// Bits a sample takes: 1, 8 or 16.
    pub(super) allocated: u32,
    /// Bits that mean something.
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
    /// Reads and checks the attributes.
    pub(super) fn of(elements: &Elements) -> Result<Self> {
        let allocated = elements.required(tags::BITS_ALLOCATED, "BitsAllocated", "1, 8 or 16")?;
        let stored = elements.short(tags::BITS_STORED).unwrap_or(allocated);
        let high = elements.short(tags::HIGH_BIT).unwrap_or(stored.saturating_sub(1));
        if !matches!(allocated, 1 | 8 | 16) {
            return Err(wrong("BitsAllocated", &allocated.to_string(), "1, 8 or 16"));
        }
        if stored == 0 || stored > allocated {
            return Err(wrong("BitsStored", &stored.to_string(), "1 to BitsAllocated"));
        }
        if high >= allocated || high + 1 < stored {
            return Err(wrong("HighBit", &high.to_string(), "BitsStored − 1 to BitsAllocated − 1"));
        }
        Ok(Self {
            allocated: allocated.into(),
            stored: stored.into(),
            lowest: (high + 1 - stored).into(),
            signed: elements.short(tags::PIXEL_REPRESENTATION) == Some(1),
            photometric: photometric(elements)?,
            planar: elements.short(tags::PLANAR_CONFIGURATION) == Some(1),
        })
    }

    /// Samples a pixel.
    pub(super) fn samples(&self) -> usize {
        if matches!(self.photometric, Photometric::Monochrome { .. }) { 1 } else { 3 }
    }

    /// The value of a pixel. Bits beside those stored, where old files keep overlays, are masked.
    pub(super) fn value(&self, raw: u16) -> i32 {
        let unused = 32 - self.stored;
        let raw = u32::from(raw >> self.lowest) << unused;
        if self.signed { raw as i32 >> unused } else { (raw >> unused) as i32 }
    }

    /// The largest value of an unsigned sample.
    pub(super) fn largest(&self) -> u16 {
        u16::MAX >> (16 - self.stored)
    }
}

fn photometric(elements: &Elements) -> Result<Photometric> {
    let name = elements.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    let (photometric, samples) = match name.as_str() {
        "MONOCHROME1" => (Photometric::Monochrome { inverted: true }, 1),
        "MONOCHROME2" => (Photometric::Monochrome { inverted: false }, 1),
        "RGB" | "YBR_ICT" | "YBR_RCT" => (Photometric::Rgb, 3),
        "YBR_FULL" => (Photometric::Ybr, 3),
        "YBR_FULL_422" => (Photometric::Ybr422, 3),
        _ => {
            // The colours of a palette are no measure of attenuation: what is dark in them says
            // nothing.
            let expected = "MONOCHROME1, MONOCHROME2, RGB or YBR: a palette gives colours an order that is not \
                            of brightness, so that no grey can be made of it";
            return Err(wrong("PhotometricInterpretation", &name, expected));
        }
    };
    match elements.short(tags::SAMPLES_PER_PIXEL).unwrap_or(samples) {
        got if got == samples => Ok(photometric),
        got if samples == 1 => {
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
