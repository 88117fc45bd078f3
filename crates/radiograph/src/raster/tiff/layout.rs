//! Samples and chunks (strips or tiles) of a page, as its directory describes them.

use super::colour::Colour;
use super::compression::Compression;
use super::directory::Directory;
use super::jpeg_streams::Streams;
use super::samples::{Form, Predictor};
use super::{HEIGHT, PHOTOMETRIC, WIDTH, bad};
use crate::error::Result;
use crate::limits::Limits;

const COMPRESSION: u16 = 259;
const FILL_ORDER: u16 = 266;
const ROWS_PER_STRIP: u16 = 278;
const PLANAR: u16 = 284;
const FAX_OPTIONS: u16 = 292;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
/// Offsets and byte counts, of strips and of tiles.
const CHUNKS: [[u16; 2]; 2] = [[273, 279], [324, 325]];
const SUBSAMPLING: u16 = 530;
/// The longest side of a tile.
const MAX_TILE: u64 = 65_535;

/// Samples and chunks of a page.
pub(super) struct Layout<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
    /// Form of the samples that a chunk's decoder gives.
    pub(super) form: Form,
    pub(super) colour: Colour,
    pub(super) compression: Compression,
    pub(super) jpeg: Streams<'a>,
    /// Whether the bits of each byte are turned round.
    pub(super) reversed: bool,
    /// Samples of a pixel, each of which lies in chunks of its own; 1 where they lie side by side.
    all_planes: usize,
    /// Columns and rows that share a sample of colour difference.
    pub(super) subsampling: [usize; 2],
    pub(super) tiled: bool,
    /// Sides of a chunk.
    pub(super) chunk: [usize; 2],
    offsets: Vec<u64>,
    counts: Vec<u64>,
}

impl<'a> Layout<'a> {
    /// Reads the layout of a page.
    ///
    /// # Errors
    /// [`crate::Error::Raster`], also for kinds that are not read, or those of `limits`.
    pub(super) fn of(directory: &Directory<'a>, limits: &Limits) -> Result<Self> {
        let number = |tag, default| directory.value(tag).map(|value| value.unwrap_or(default));
        let [width, height] = sides(directory, limits)?;
        // Where nothing is said, three samples are colours.
        let photometric = number(PHOTOMETRIC, if number(277, 1)? >= 3 { 2 } else { 1 })?;
        let form = Form::of(directory, photometric)?;
        let planar = number(PLANAR, 1)? == 2 && form.samples > 1;
        let tiled = !directory.values(CHUNKS[1][0])?.is_empty();
        let [offsets, counts] = CHUNKS[usize::from(tiled)];
        let layout = Self {
            bytes: directory.file.bytes,
            width,
            height,
            colour: Colour::of(photometric, directory, &form)?,
            compression: Compression::of(number(COMPRESSION, 1)?, number(FAX_OPTIONS, 0)?)?,
            jpeg: Streams::of(directory)?,
            reversed: number(FILL_ORDER, 1)? == 2,
            all_planes: if planar { form.samples } else { 1 },
            form: form.side_by_side(if planar { 1 } else { form.samples }),
            subsampling: subsampling(directory)?,
            tiled,
            chunk: if tiled { tile(directory, limits) } else { strip(directory, width, height) }?,
            offsets: directory.values(offsets)?,
            counts: directory.values(counts)?,
        };
        layout.check_bytes()?;
        let layout = layout.with_jpeg().with_subsampling()?;
        layout.check_chunks()?;
        Ok(layout)
    }

    /// The layout of what comes out of a decoder of JPEG, which turns colours to red, green and
    /// blue.
    fn with_jpeg(mut self) -> Self {
        if !self.compression.is_jpeg() {
            return self;
        }
        if let Some((start, length)) = self.jpeg.whole(self.bytes) {
            (self.offsets, self.counts) = (vec![start], vec![length]);
            (self.chunk, self.tiled) = ([self.width, self.height], false);
        }
        self.reversed = false;
        self.jpeg.expect(&self.form, &self.colour, self.subsampling);
        if self.all_planes == 1 {
            self.subsampling = [1, 1];
            if self.form.samples >= 3 {
                self.colour = Colour::Rgb;
            }
        }
        self.form = self.form.decoded(if self.form.samples >= 3 { 3 } else { self.form.samples });
        self
    }

    /// The layout, if its colours are not subsampled or can be read.
    fn with_subsampling(mut self) -> Result<Self> {
        if !matches!(self.colour, Colour::YCbCr(_)) {
            self.subsampling = [1, 1];
        }
        let [columns, rows] = self.subsampling;
        if (columns, rows) == (1, 1) {
            return Ok(self);
        }
        let plain = self.all_planes == 1 && self.form.predictor == Predictor::None;
        let (bits, samples) = (self.form.bits, self.form.samples);
        if ![columns, rows].iter().all(|n| [1, 2, 4].contains(n))
            || !plain
            || bits != 8
            || samples != 3
        {
            return Err(bad(format!(
                "colours subsampled by {columns}×{rows} in {samples} samples of {bits} bits, \
                 expected by 1, 2 or 4, side by side in 3 of 8 bits: save it as RGB"
            )));
        }
        Ok(self)
    }

    /// Checks that every chunk is listed.
    fn check_chunks(&self) -> Result<()> {
        let (got, kind) = (self.offsets.len(), if self.tiled { "tiles" } else { "strips" });
        let [across, down] = self.chunks();
        let expected = across.saturating_mul(down).saturating_mul(self.all_planes);
        if got < expected {
            return Err(bad(format!("{got} {kind}, expected {expected}")));
        }
        if matches!(self.compression, Compression::Fax3 | Compression::Fax4) && self.form.bits != 1
        {
            return Err(bad(format!("{} bits a sample in CCITT, expected 1", self.form.bits)));
        }
        Ok(())
    }

    /// Checks that the bytes can hold the picture, if its compression has a bound.
    fn check_bytes(&self) -> Result<()> {
        let Self { width, height, .. } = *self;
        let samples =
            if self.subsampling == [1, 1] { self.form.samples * self.all_planes } else { 1 };
        let bits = u64::from(self.form.bits) * samples as u64;
        let needed = ((width * height) as u64).saturating_mul(bits) / 8;
        let there = self.bytes.len() as u64;
        if self.compression.most().is_some_and(|most| needed > there.saturating_mul(most)) {
            return Err(bad(format!("{there} bytes cannot hold {width}×{height} pixels")));
        }
        Ok(())
    }

    /// Numbers of chunks across and down.
    pub(super) fn chunks(&self) -> [usize; 2] {
        [self.width.div_ceil(self.chunk[0]), self.height.div_ceil(self.chunk[1])]
    }

    /// Columns and rows of the picture in a chunk, by its number among those of all planes.
    pub(super) fn sides_of(&self, chunk: usize) -> [usize; 2] {
        let [across, down] = self.chunks();
        let [column, row] = [chunk % across, chunk / across % down];
        let [width, height] = self.chunk;
        [width.min(self.width - column * width), height.min(self.height - row * height)]
    }

    /// Planes that are read; further ones are masks.
    pub(super) fn planes(&self) -> usize {
        self.all_planes.min(self.colour.samples())
    }

    /// The compressed bytes of a chunk, as far as they are there.
    pub(super) fn data(&self, chunk: usize) -> &'a [u8] {
        let start = self.offsets.get(chunk).and_then(|&at| usize::try_from(at).ok());
        let rest = start.and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        // Old writers leave lengths out.
        match self.counts.get(chunk).and_then(|&count| usize::try_from(count).ok()) {
            Some(count) if count > 0 => &rest[..rest.len().min(count)],
            _ => rest,
        }
    }

    /// Bytes that rows take while they are turned grey, with what is turned round first.
    pub(super) fn row_memory(&self) -> u64 {
        let numbers = (self.chunk[0] * self.form.samples) as u64;
        let values = numbers.saturating_mul(8 * (3 + self.planes() as u64));
        let subsampled = (6 * self.subsampling[1] * self.chunk[0]) as u64;
        values + subsampled + if self.reversed { self.bytes.len() as u64 } else { 0 }
    }
}

/// Sides of the picture.
fn sides(directory: &Directory, limits: &Limits) -> Result<[usize; 2]> {
    let width = directory.value(WIDTH)?.unwrap_or(0);
    let height = directory.value(HEIGHT)?.unwrap_or(0);
    limits.check_sides("the file", width, height)?;
    match (width, height) {
        (1.., 1..) => Ok([width as usize, height as usize]),
        _ => Err(bad(format!("{width}×{height} pixels, expected no side of 0"))),
    }
}

fn tile(directory: &Directory, limits: &Limits) -> Result<[usize; 2]> {
    let width = directory.value(TILE_WIDTH)?.unwrap_or(0);
    let height = directory.value(TILE_HEIGHT)?.unwrap_or(0);
    limits.check_pixels("a tile of the file", width, height)?;
    match (width, height) {
        (1..=MAX_TILE, 1..=MAX_TILE) => Ok([width as usize, height as usize]),
        _ => Err(bad(format!("tiles of {width}×{height}, expected sides of 1 to {MAX_TILE}"))),
    }
}

fn strip(directory: &Directory, width: usize, height: usize) -> Result<[usize; 2]> {
    let rows = directory.value(ROWS_PER_STRIP)?.unwrap_or(u64::MAX);
    match usize::try_from(rows).unwrap_or(usize::MAX).min(height) {
        0 => Err(bad("strips of 0 rows, expected some".into())),
        rows => Ok([width, rows]),
    }
}

fn subsampling(directory: &Directory) -> Result<[usize; 2]> {
    Ok(match directory.values(SUBSAMPLING)?[..] {
        [columns, rows, ..] => [columns as usize, rows as usize],
        _ => [2, 2],
    })
}
