//! Rows of a chunk: decompressed one at a time, turned grey.

use std::io::{Cursor, ErrorKind, Read};

use flate2::read::ZlibDecoder;

use super::compression::{Compression, Lzw, PackBits};
use super::fax::Fax;
use super::layout::Layout;
use super::subsampled::Unsubsampled;
use super::{bad, jpeg};
use crate::error::{Result, quoted};

/// Rows of a chunk, of all planes together.
pub(super) struct Rows<'a> {
    layout: &'a Layout<'a>,
    planes: Vec<Box<dyn Read + 'a>>,
    row: Vec<u8>,
    words: Vec<u64>,
    /// Values of a row, by plane.
    values: Vec<Vec<f64>>,
}

impl<'a> Rows<'a> {
    /// Opens a chunk, by its number in its plane.
    ///
    /// # Errors
    /// [`crate::Error::Raster`].
    pub(super) fn open(layout: &'a Layout<'a>, chunk: usize) -> Result<Self> {
        let in_plane: usize = layout.chunks().iter().product();
        let open = |plane| reader(layout, plane * in_plane + chunk);
        let values = vec![0.0; layout.chunk[0] * layout.form.samples];
        Ok(Self {
            layout,
            planes: (0..layout.planes()).map(open).collect::<Result<_>>()?,
            row: vec![0; layout.form.row_bytes(layout.chunk[0])],
            words: Vec::new(),
            values: vec![values; layout.planes()],
        })
    }

    /// Reads the next row into `grey`, which may be shorter than a row of the chunk.
    ///
    /// # Errors
    /// [`crate::Error::Raster`] if it is not there, or does not decompress.
    pub(super) fn next(&mut self, grey: &mut [f64]) -> Result<()> {
        let form = &self.layout.form;
        for (plane, values) in self.planes.iter_mut().zip(&mut self.values) {
            plane.read_exact(&mut self.row).map_err(|error| self.layout.damaged(&error))?;
            form.read(&mut self.row, &mut self.words, values);
        }
        self.layout.colour.grey(&self.values, form, grey);
        Ok(())
    }
}

impl Layout<'_> {
    fn damaged(&self, error: &std::io::Error) -> crate::Error {
        let kind = if self.tiled { "tile" } else { "strip" };
        bad(match error.kind() {
            ErrorKind::UnexpectedEof => format!("a {kind} is cut off, expected all of its rows"),
            _ => format!("a {kind} does not decompress: {}", quoted(&error.to_string())),
        })
    }
}

/// A reader of what a chunk holds, by its number among those of all planes.
fn reader<'a>(layout: &'a Layout<'a>, chunk: usize) -> Result<Box<dyn Read + 'a>> {
    if layout.compression.is_jpeg() {
        return Ok(Box::new(Cursor::new(jpeg::pixels(layout, chunk)?)));
    }
    let packed = decompress(layout, layout.data(chunk)).map_err(|error| layout.damaged(&error))?;
    Ok(match layout.subsampling {
        [1, 1] => packed,
        unit => Box::new(Unsubsampled::new(packed, layout.chunk[0], unit)),
    })
}

fn decompress<'a>(layout: &Layout, data: &'a [u8]) -> std::io::Result<Box<dyn Read + 'a>> {
    let compression = layout.compression;
    // Sides are at most 65,535 where a decoder of CCITT is asked.
    let width = layout.chunk[0] as u16;
    Ok(match compression {
        Compression::Lzw => Box::new(Lzw::new(data)),
        Compression::Deflate => Box::new(ZlibDecoder::new(data)),
        Compression::PackBits => Box::new(PackBits::new(data)),
        Compression::Fax3 | Compression::Fax4 => {
            Box::new(Fax::open(data, width, compression == Compression::Fax4)?)
        }
        Compression::None | Compression::OldJpeg | Compression::Jpeg => Box::new(data),
    })
}
