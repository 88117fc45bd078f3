//! The frame header that JPEG, JPEG Lossless and JPEG-LS share (ITU-T T.81 B.2.2, T.87 C.2.2).

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::{bad, check};
use crate::error::Result;

/// A frame header that agrees with its file.
pub(super) struct FrameHeader<'a> {
    /// Bits of a sample.
    pub(super) precision: u8,
    /// The identifier, the sampling factors and the quantisation table of each component.
    pub(super) components: &'a [[u8; 3]],
}

impl<'a> FrameHeader<'a> {
    /// Reads a header of precisions from 2 to 16.
    ///
    /// # Errors
    /// If it is damaged, or has other sides or another number of components than its file.
    pub(super) fn read(
        format: &'static str,
        body: &'a [u8],
        encoding: &Encoding,
        shape: &Shape,
    ) -> Result<Self> {
        let damaged = || bad(format, "the frame header is damaged");
        let &[precision, h1, h0, w1, w0, count, ref components @ ..] = body else {
            return Err(damaged());
        };
        let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
        check(format, (side(w1, w0), side(h1, h0), count.into()), encoding, shape)?;
        if !(2..=16).contains(&precision) {
            return Err(bad(format, format!("{precision} bits a sample, expected 2 to 16")));
        }
        let (components, _) = components.as_chunks();
        match components.len() == usize::from(count) {
            true => Ok(Self { precision, components }),
            false => Err(damaged()),
        }
    }

    /// The identifiers of the components.
    pub(super) fn identifiers(&self) -> Vec<u8> {
        self.components.iter().map(|&[identifier, ..]| identifier).collect()
    }
}
