//! The compression of a TIFF's chunks, and readers of LZW and PackBits.

use std::io::{Error, ErrorKind, Read, Result};

use weezl::decode::{Configuration, Decoder};
use weezl::{BitOrder, LzwStatus};

use super::bad;

/// The compression of chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    /// CCITT T.4 in one dimension.
    Fax3,
    /// CCITT T.6.
    Fax4,
    Lzw,
    /// JPEG as the revision 6.0 of the standard has it, which was given up.
    OldJpeg,
    Jpeg,
    Deflate,
    PackBits,
}

impl Compression {
    /// The compression that a number names, with options of T.4.
    ///
    /// # Errors
    /// [`crate::Error::Raster`] if it is not decoded.
    pub(super) fn of(number: u64, fax_options: u64) -> crate::Result<Self> {
        let name = match number {
            1 => return Ok(Self::None),
            3 if fax_options & 1 == 0 => return Ok(Self::Fax3),
            4 => return Ok(Self::Fax4),
            5 => return Ok(Self::Lzw),
            6 => return Ok(Self::OldJpeg),
            7 => return Ok(Self::Jpeg),
            8 | 32_946 => return Ok(Self::Deflate),
            32_773 => return Ok(Self::PackBits),
            2 => "CCITT without marks of lines",
            3 => "CCITT T.4 in two dimensions",
            33_003 | 33_005 | 34_712 => "JPEG 2000",
            34_661 => "JBIG",
            34_887 => "LERC",
            34_925 => "LZMA",
            50_000 => "Zstandard",
            50_001 => "WebP",
            50_002 | 52_546 => "JPEG XL",
            _ => "unknown",
        };
        Err(bad(format!(
            "compression {number} ({name}) is not decoded, expected none, LZW, Deflate, PackBits, \
             JPEG or CCITT T.6: save it as LZW"
        )))
    }

    /// Whether chunks are streams of JPEG.
    pub(super) fn is_jpeg(self) -> bool {
        matches!(self, Self::Jpeg | Self::OldJpeg)
    }

    /// Bytes that one byte can stand for, where that has a bound. LZW's longest string of 12 bits
    /// has 4,096 bytes.
    pub(super) fn most(self) -> Option<u64> {
        match self {
            Self::None => Some(1),
            Self::Lzw => Some(2_731),
            Self::Deflate => Some(1_040),
            Self::PackBits => Some(64),
            Self::Fax3 | Self::Fax4 | Self::OldJpeg | Self::Jpeg => None,
        }
    }
}

/// A reader of LZW.
pub(super) struct Lzw<'a> {
    bytes: &'a [u8],
    decoder: Decoder,
}

impl<'a> Lzw<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        // Before revision 5.0 codes began at the low bits, as in GIF, and so did the first: 256.
        let old = matches!(bytes, [0, second, ..] if second & 1 == 1);
        let configuration = if old {
            Configuration::new(BitOrder::Lsb, 8)
        } else {
            Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
        };
        Self { bytes, decoder: configuration.with_yield_on_full_buffer(true).build() }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            let step = self.decoder.decode_bytes(self.bytes, out);
            self.bytes = &self.bytes[step.consumed_in..];
            let status = step.status.map_err(|e| Error::new(ErrorKind::InvalidData, e))?;
            let more = matches!(status, LzwStatus::Ok) && !out.is_empty();
            if step.consumed_out > 0 || !more {
                return Ok(step.consumed_out);
            }
        }
    }
}

/// A reader of PackBits: a byte n, and n + 1 bytes as they are or one that stands 257 - n times.
pub(super) struct PackBits<'a> {
    bytes: &'a [u8],
    /// Bytes that are still to come of a run, and of what.
    left: usize,
    repeated: Option<u8>,
}

impl<'a> PackBits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, left: 0, repeated: None }
    }

    /// Begins the next run; false at the end.
    fn begin(&mut self) -> bool {
        while let [head, rest @ ..] = self.bytes {
            self.bytes = rest;
            match (*head, rest) {
                (0..=127, _) => (self.left, self.repeated) = (usize::from(*head) + 1, None),
                (128, _) => continue,
                (_, [value, rest @ ..]) => {
                    (self.left, self.repeated) = (257 - usize::from(*head), Some(*value));
                    self.bytes = rest;
                }
                (_, []) => return false,
            }
            return true;
        }
        false
    }
}

impl Read for PackBits<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.left == 0 && !self.begin() {
            return Ok(0);
        }
        let mut count = self.left.min(out.len());
        match self.repeated {
            Some(value) => out[..count].fill(value),
            None => {
                count = count.min(self.bytes.len());
                let (literal, rest) = self.bytes.split_at(count);
                out[..count].copy_from_slice(literal);
                self.bytes = rest;
            }
        }
        self.left -= count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_unpack() {
        // The example of TIFF 6.0, section 9 (Apple's technical note 1023).
        let packed = [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7,
            0xAA,
        ];
        let mut unpacked = Vec::new();
        PackBits::new(&packed).read_to_end(&mut unpacked).unwrap();
        let expected: Vec<u8> =
            [&[0xAA; 3][..], &[0x80, 0, 0x2A], &[0xAA; 4], &[0x80, 0, 0x2A, 0x22], &[0xAA; 10]]
                .concat();
        assert_eq!(unpacked, expected);
        for bytes in [&[128][..], &[5, 1], &[200]] {
            PackBits::new(bytes).read_to_end(&mut unpacked).unwrap();
        }
    }

    #[test]
    fn lzw_reads_both_orders_of_bits() {
        let bytes: Vec<u8> = (0..9_000_u32).map(|n| (n * n / 7) as u8).collect();
        let new = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&bytes);
        let old = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&bytes);
        for packed in [new.unwrap(), old.unwrap()] {
            let mut unpacked = vec![0; 9_000];
            Lzw::new(&packed).read_exact(&mut unpacked).unwrap();
            assert_eq!(unpacked, bytes);
            assert!(Lzw::new(&packed[..99]).read_exact(&mut unpacked).is_err());
        }
    }

    #[test]
    fn what_is_not_decoded_is_named() {
        let said = Compression::of(34_712, 0).unwrap_err().to_string();
        assert!(said.contains("34712 (JPEG 2000)") && said.contains("save it as LZW"), "{said}");
        assert!(Compression::of(3, 1).is_err() && Compression::of(3, 4).is_ok());
    }
}
