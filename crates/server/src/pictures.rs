//! A file as a picture that can be searched for and shown, and the pictures drawn of it.

use std::time::{Duration, Instant};

use answers::overlay;
use axum::body::Bytes;
use gallery::Record;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, GrayImage, ImageEncoder};
use ingest::image_qc::{self, Doubt};
use ingest::thumbnail;
use interchange::Source;
use network::explain::evidence::evidence;
use network::{Encoder, Encoding, Look, SaliencyMap};
use radiograph::memory::{self, Reservation};
use radiograph::{ContentHash, Frame, Header, Radiograph};
use retrieval::Embedding;

use super::error::Problem;
use super::views::Region;

/// The longer side of a saliency map, in pixels.
const MAP_SIDE: u32 = 512;
/// The shortest side of a part that can be searched for, in pixels.
const LEAST_SIDE: u32 = 16;

/// A picture and its encoding.
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The grey values in two bytes, little endian, row by row; 0 is black.
    pub(crate) pixels: Bytes,
    /// The statements of its file that no record has. Its warnings are below.
    pub(crate) header: Header,
    /// The record from its file, and its key.
    pub(crate) record: Record,
    pub(crate) doubts: Vec<Doubt>,
    /// Faults of its file that were put up with.
    pub(crate) warnings: Vec<String>,
    /// Where results on it are filed, if it is of a DICOM file that says so.
    pub(crate) source: Option<Source>,
    pub(crate) encoding: Encoding,
    pub(crate) frame: Frame,
    /// The time of encoding, in milliseconds.
    pub(crate) encoded_in: f64,
    /// The longest time that drawing it may wait for memory.
    wait: Duration,
}

/// Pixels with the memory of the budget that they hold, as long as anybody uses them.
struct Pixels {
    bytes: Vec<u8>,
    _memory: Option<Reservation>,
}

impl Pixels {
    fn shared(bytes: Vec<u8>, mut memory: Option<Reservation>) -> Bytes {
        memory.iter_mut().for_each(|memory| memory.shrink_to(bytes.len() as u64));
        Bytes::from_owner(Self { bytes, _memory: memory })
    }
}

impl AsRef<[u8]> for Pixels {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Picture {
    /// Decodes and encodes a file.
    ///
    /// # Errors
    /// [`Problem::Picture`] if the bytes are no picture within the limits.
    pub(crate) fn read(
        bytes: &[u8],
        limits: &radiograph::Limits,
        encoder: &Encoder,
    ) -> Result<Self, Problem> {
        let radiograph = radiograph::decode(bytes, limits)?;
        let key = ingest::key(&radiograph, ContentHash::of(bytes));
        let record = ingest::described(&radiograph, key, Record::default());
        let input = encoder.preprocess().apply(&radiograph);
        let mut doubts = image_qc::of_pixels(&radiograph);
        let header = radiograph.header().clone();
        let warnings = ingest::warning_lines(&header.warnings);
        let pixels = sixteen_bits(&radiograph);
        let pixels = Pixels::shared(pixels, radiograph.into_reservation());
        let source = source(bytes, limits, [record.width, record.height]);
        let start = Instant::now();
        let encoding =
            encoder.encode(std::slice::from_ref(&input)).map_err(anyhow::Error::from)?.remove(0);
        doubts.extend(image_qc::of_network(encoder, &input, &encoding, &doubts)?);
        let (width, height, frame) = (record.width, record.height, input.frame);
        let (encoded_in, wait) = (milliseconds(start), limits.memory_timeout);
        Ok(Self {
            width,
            height,
            pixels,
            header,
            record,
            doubts,
            warnings,
            source,
            encoding,
            frame,
            encoded_in,
            wait,
        })
    }

    /// A part of it as a picture of its own. It has the whole's identity, so that it finds neither
    /// the whole nor others of its patient. It gets no doubts, as a part always differs from what
    /// the model knows.
    ///
    /// # Errors
    /// [`Problem::Invalid`] if the part is not within the picture, or smaller than 16 pixels.
    pub(crate) fn part(&self, region: &Region, encoder: &Encoder) -> Result<Self, Problem> {
        let Part { left, top, width, height } = Part::of(region, self.width, self.height)?;
        let row = |y: u32| {
            let start = 2 * ((top + y) as usize * self.width as usize + left as usize);
            &self.pixels[start..start + 2 * width as usize]
        };
        let memory = self.reserve(width, height)?;
        let mut bytes = Vec::with_capacity(2 * width as usize * height as usize);
        (0..height).for_each(|y| bytes.extend_from_slice(row(y)));
        let input = encoder.preprocess().apply(&grey(width, height, &bytes)?);
        let start = Instant::now();
        let encoding =
            encoder.encode(std::slice::from_ref(&input)).map_err(anyhow::Error::from)?.remove(0);
        Ok(Self {
            width,
            height,
            pixels: Pixels::shared(bytes, Some(memory)),
            header: self.header.clone(),
            record: Record { width, height, ..self.record.clone() },
            doubts: Vec::new(),
            warnings: self.warnings.clone(),
            source: self.source.clone(),
            encoding,
            frame: input.frame,
            encoded_in: milliseconds(start),
            wait: self.wait,
        })
    }

    /// Reserves memory for a picture of these sides that is made of it.
    fn reserve(&self, width: u32, height: u32) -> Result<Reservation, Problem> {
        let bytes = Radiograph::bytes(u64::from(width) * u64::from(height));
        Ok(memory::for_pictures().take(bytes, self.wait)?)
    }

    /// The memory that it takes, approximately, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.pixels.len() + 4 * self.encoding.saliency.values.len()
    }

    /// The picture in 8 bits, its longer side at most `side`, as a PNG file.
    pub(crate) fn preview(&self, side: u32) -> Result<Vec<u8>, Problem> {
        png(&self.small(side)?)
    }

    /// The picture in 8 bits, its longer side at most `side`.
    pub(crate) fn small(&self, side: u32) -> Result<GrayImage, Problem> {
        let _memory = self.reserve(self.width, self.height)?;
        let eight_bits = |pair: &[u8]| {
            let grey = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
            ((grey + 128) / 257) as u8
        };
        let pixels: Vec<u8> = self.pixels.chunks_exact(2).map(eight_bits).collect();
        let picture = GrayImage::from_raw(self.width, self.height, pixels);
        let picture =
            picture.ok_or_else(|| anyhow::anyhow!("a kept picture does not fill its sides"))?;
        Ok(thumbnail::shrink_grey(picture, side))
    }

    /// The saliency map over the whole picture, as a PNG file.
    pub(crate) fn saliency(&self, encoder: &Encoder) -> Result<Vec<u8>, Problem> {
        let look = self.look(encoder)?;
        map(&look.map, &look.frame, self.width, self.height)
    }

    /// The saliency map: by the network of findings if there is one, otherwise the model's from
    /// when it encoded the picture.
    pub(crate) fn look(&self, encoder: &Encoder) -> Result<Look, Problem> {
        if encoder.has_finder() {
            let _memory = self.reserve(self.width, self.height)?;
            let radiograph = grey(self.width, self.height, &self.pixels)?;
            return Ok(encoder.look(&radiograph).map_err(anyhow::Error::from)?);
        }
        Ok(Look { map: self.encoding.saliency.clone(), frame: self.frame, findings: Vec::new() })
    }

    /// The map of what makes it similar to another, over the whole picture, as a PNG file.
    pub(crate) fn evidence(
        &self,
        other: &Embedding,
        encoder: &Encoder,
    ) -> Result<Vec<u8>, Problem> {
        let _memory = self.reserve(self.width, self.height)?;
        evidence_of(&grey(self.width, self.height, &self.pixels)?, other, encoder)
    }

    /// A blank picture, for tests of the kept queries.
    #[cfg(test)]
    pub(crate) fn blank(side: u32) -> Self {
        use retrieval::HashCode;
        let code = HashCode::from_words(&[0], 64).unwrap();
        let saliency = SaliencyMap { size: 1, values: vec![0.0] };
        Self {
            width: side,
            height: side,
            pixels: vec![0; 2 * (side * side) as usize].into(),
            header: Header::default(),
            record: Record::default(),
            doubts: Vec::new(),
            warnings: Vec::new(),
            source: None,
            encoding: Encoding { saliency, embedding: Embedding::new(vec![1.0]), code },
            frame: Frame::full(1),
            encoded_in: 0.0,
            wait: Duration::ZERO,
        }
    }
}

/// The patient and study of a DICOM file. `None` if it is another file, or lacks what results need.
fn source(bytes: &[u8], limits: &radiograph::Limits, sides: [u32; 2]) -> Option<Source> {
    if !dicom::is_file(bytes) {
        return None;
    }
    Source::new(radiograph::texts(bytes, limits, &Source::WANTED).ok()?, sides).ok()
}

/// Reads a stored thumbnail.
fn stored(thumbnail: &[u8]) -> Result<Radiograph, Problem> {
    let read = radiograph::decode(thumbnail, &radiograph::Limits::default());
    Ok(read.map_err(|error| anyhow::Error::from(error).context("a stored thumbnail is damaged"))?)
}

/// The map of what makes a thumbnail similar to another picture, as a PNG file.
pub(crate) fn evidence_in(
    thumbnail: &[u8],
    other: &Embedding,
    encoder: &Encoder,
) -> Result<Vec<u8>, Problem> {
    evidence_of(&stored(thumbnail)?, other, encoder)
}

fn evidence_of(
    radiograph: &Radiograph,
    other: &Embedding,
    encoder: &Encoder,
) -> Result<Vec<u8>, Problem> {
    let input = encoder.preprocess().apply(radiograph);
    let found = evidence(encoder, &input, other).map_err(anyhow::Error::from)?;
    map(&found, &input.frame, radiograph.width(), radiograph.height())
}

/// The saliency map of a thumbnail, as a PNG file.
pub(crate) fn saliency_of(thumbnail: &[u8], encoder: &Encoder) -> Result<Vec<u8>, Problem> {
    let radiograph = stored(thumbnail)?;
    let look = encoder.look(&radiograph).map_err(anyhow::Error::from)?;
    map(&look.map, &look.frame, radiograph.width(), radiograph.height())
}

/// A map over a picture of those sides, as a PNG file, from the least salient point, black, to the
/// most salient one, white.
fn map(saliency: &SaliencyMap, frame: &Frame, width: u32, height: u32) -> Result<Vec<u8>, Problem> {
    let scale = (f64::from(MAP_SIDE) / f64::from(width.max(height))).min(1.0);
    let fit = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (fit(width), fit(height));
    let values = saliency.onto(frame, width, height);
    let pixels =
        overlay::relative(&values).map(|s| (s.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    let picture = GrayImage::from_raw(width, height, pixels);
    png(&picture.ok_or_else(|| anyhow::anyhow!("a saliency map does not fill its sides"))?)
}

fn sixteen_bits(radiograph: &Radiograph) -> Vec<u8> {
    let two_bytes = |grey: &f32| ((grey.clamp(0.0, 1.0) * 65535.0).round() as u16).to_le_bytes();
    let mut bytes = Vec::with_capacity(2 * radiograph.pixels().len());
    bytes.extend(radiograph.pixels().iter().flat_map(two_bytes));
    bytes
}

/// A radiograph from grey values in two bytes.
fn grey(width: u32, height: u32, pixels: &[u8]) -> Result<Radiograph, Problem> {
    let grey =
        |pair: &[u8]| f32::from(u16::from_le_bytes([pair[0], pair[1]])) / f32::from(u16::MAX);
    Ok(Radiograph::new(width, height, pixels.chunks_exact(2).map(grey).collect())?)
}

fn png(picture: &GrayImage) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    // Each picture is looked at once, so speed counts more than size.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Sub)
        .write_image(picture, picture.width(), picture.height(), ExtendedColorType::L8)
        .map_err(anyhow::Error::from)?;
    Ok(bytes)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A region in pixels.
struct Part {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Part {
    fn of(region: &Region, width: u32, height: u32) -> Result<Self, Problem> {
        let Region { left, top, width: across, height: down } = *region;
        // A tiny excess over the whole is rounding.
        let within =
            |start: f64, extent: f64| start >= 0.0 && extent > 0.0 && start + extent <= 1.0 + 1e-6;
        if !within(left, across) || !within(top, down) {
            return Err(Problem::invalid(
                "a region that is not within the picture",
                "shares from 0 to 1",
            ));
        }
        let place =
            |share: f64, side: u32| (share * f64::from(side)).round().min(f64::from(side)) as u32;
        let (x, y) = (place(left, width), place(top, height));
        let part = Self {
            left: x,
            top: y,
            width: place(left + across, width) - x,
            height: place(top + down, height) - y,
        };
        if part.width < LEAST_SIDE || part.height < LEAST_SIDE {
            let got = format!("a region of {}×{} pixels", part.width, part.height);
            return Err(Problem::invalid(got, format!("at least {LEAST_SIDE}×{LEAST_SIDE}")));
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_whole_pixels_within_the_picture() {
        let part =
            |left, top, width, height| Part::of(&Region { left, top, width, height }, 100, 200);
        let some = part(0.1, 0.2, 0.5, 0.4);
        assert!(some.is_ok_and(|p| (p.left, p.top, p.width, p.height) == (10, 40, 50, 80)));
        assert!(part(0.0, 0.0, 1.0, 1.0).is_ok_and(|p| (p.width, p.height) == (100, 200)));
        for wrong in [
            part(-0.1, 0.0, 0.5, 0.5),
            part(0.6, 0.0, 0.5, 0.5),
            part(0.0, 0.0, f64::NAN, 0.5),
            part(0.0, 0.0, 0.0, 0.5),
            part(0.0, 0.0, 0.1, 0.1),
            part(0.0, f64::INFINITY, 0.5, 0.5),
        ] {
            assert!(matches!(wrong, Err(Problem::Invalid { .. })));
        }
    }
}
