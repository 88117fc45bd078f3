//! JPEG-LS (ITU-T T.87): grey and colours, in one scan or in several, lossless or nearly so.

mod bits;
mod context;
mod scan;

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::frame_header::FrameHeader;
use super::{FULL, bad, restart_interval, subsampled};
use super::{RESTART_INTERVAL, START_OF_SCAN, Segment, Segments};
use crate::error::{Error, Result};
use crate::raster::jpeg;
use bits::Bits;
use context::{Contexts, Parameters};
use scan::Lines;

const FORMAT: &str = "JPEG-LS";
/// SOF55.
pub(super) const START_OF_FRAME: u8 = 0xF7;
/// LSE.
const PRESETS: u8 = 0xF8;
/// APP8, in which some encoders say that they have transformed colours.
const APPLICATION_8: u8 = 0xE8;

/// Samples, pixel by pixel.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    let (mut frame, mut presets, mut restart) = (None, [0; 5], 0);
    for Segment { marker, body, rest } in Segments::new(stream, scan_end) {
        match marker {
            START_OF_FRAME => frame = Some(Frame::new(body, stream, encoding, shape)?),
            _ if jpeg::is_frame(marker) => {
                return Err(bad(FORMAT, format!("process SOF{}, expected SOF55", marker - 0xC0)));
            }
            PRESETS => presets = read_presets(body)?.unwrap_or(presets),
            RESTART_INTERVAL => restart = restart_interval(body),
            APPLICATION_8 if matches!(body, [b'm', b'r', b'f', b'x', 1..=255, ..]) => {
                let said = "colours that HP's transform has mixed are not decoded";
                return Err(bad(FORMAT, format!("{said}: transcode with gdcmconv --raw")));
            }
            START_OF_SCAN => {
                let frame =
                    frame.as_mut().ok_or_else(|| damaged("the order: a scan before its frame"))?;
                frame.scan(body, presets)?.decode(rest, restart, frame)?;
                if frame.unread.is_empty() {
                    return Ok(std::mem::take(&mut frame.samples));
                }
            }
            _ => {}
        }
    }
    Err(bad(FORMAT, "cut off, or damaged, before the end of its picture"))
}

fn damaged(what: &str) -> Error {
    bad(FORMAT, format!("{what} is damaged"))
}

/// Bits a sample, as the frame header says; 16 without one.
pub(super) fn precision(stream: &[u8]) -> u8 {
    let frame = Segments::new(stream, scan_end).find(|segment| segment.marker == START_OF_FRAME);
    frame.and_then(|frame| frame.body.first().copied()).unwrap_or(16)
}

/// Length of what is coded before the next marker that is no restart. Other bytes above 7F do not
/// follow FF.
fn scan_end(coded: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xFF && pair[1] >= 0x80 && !matches!(pair[1], 0xD0..=0xD7);
    coded.windows(2).position(ends).unwrap_or(coded.len())
}

/// Reads a marker segment LSE (C.2.4.1); none if it is not of coding parameters.
fn read_presets(body: &[u8]) -> Result<Option<[u16; 5]>> {
    let Some(&[1, ref numbers @ ..]) = body.first_chunk::<11>() else {
        return match body {
            // Tables count where a scan asks for one.
            [2..=255, ..] => Ok(None),
            _ => Err(damaged("a marker segment LSE")),
        };
    };
    let (pairs, _) = numbers.as_chunks::<2>();
    let pair = |at: usize| u16::from_be_bytes(pairs[at]);
    Ok(Some([pair(0), pair(1), pair(2), pair(3), pair(4)]))
}

/// The frame header, and the picture as far as it is read.
struct Frame {
    precision: u8,
    /// Identifiers of the components.
    components: Vec<u8>,
    /// The components that no scan had yet.
    unread: Vec<u8>,
    width: usize,
    samples: Vec<u16>,
}

impl Frame {
    /// Reads the frame header, which has the layout of a JPEG's (C.2.2).
    fn new(body: &[u8], stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Self> {
        let header = FrameHeader::read(FORMAT, body, encoding, shape)?;
        let colours = header.components.len() > 1;
        if colours && header.components.iter().any(|component| component[1] != FULL) {
            return Err(subsampled(FORMAT));
        }
        // A run of equal samples takes a bit at least, and ends with its line.
        if shape.rows as usize > stream.len().saturating_mul(8) {
            let got = format!("{} bytes cannot hold {} rows", stream.len(), shape.rows);
            return Err(bad(FORMAT, got));
        }
        let (precision, components) = (header.precision, header.identifiers());
        let (unread, samples) = (components.clone(), vec![0; encoding.samples() * shape.pixels()]);
        Ok(Self { precision, components, unread, width: shape.columns as usize, samples })
    }

    /// Reads a scan header (C.2.3), and takes its components as read.
    fn scan(&mut self, body: &[u8], presets: [u16; 5]) -> Result<Scan> {
        let header = || damaged("a scan header");
        let (&count, rest) = body.split_first().ok_or_else(header)?;
        let (ids, &[near, interleaved, transform]) =
            rest.split_at_checked(2 * usize::from(count)).ok_or_else(header)?
        else {
            return Err(header());
        };
        let mut places = Vec::new();
        for &[id, table] in ids.as_chunks().0 {
            let place = self.components.iter().position(|&other| other == id);
            let place = place.filter(|_| self.unread.contains(&id)).ok_or_else(header)?;
            if table != 0 || transform & 15 != 0 {
                let said = "mapping tables and point transforms are not decoded";
                return Err(bad(FORMAT, format!("{said}: transcode with gdcmconv --raw")));
            }
            self.unread.retain(|&other| other != id);
            places.push(place);
        }
        let lines = match (interleaved, places.len()) {
            (_, 0) | (0 | 3.., 2..) => return Err(header()),
            (2, count @ 2..) => vec![Lines::new(self.width, count)],
            (_, count) => (0..count).map(|_| Lines::new(self.width, 1)).collect(),
        };
        let parameters = Parameters::new(self.precision, presets, near)
            .ok_or_else(|| damaged("the set of coding parameters"))?;
        Ok(Scan { places, lines, parameters })
    }
}

/// A scan.
struct Scan {
    /// Positions of its samples in a pixel.
    places: Vec<usize>,
    /// Its lines: those of each component, or of all together.
    lines: Vec<Lines>,
    parameters: Parameters,
}

impl Scan {
    /// Decodes a scan into the picture; a restart interval has so many lines, or is the whole.
    fn decode(&mut self, coded: &[u8], restart: usize, frame: &mut Frame) -> Result<()> {
        let (width, stride) = (frame.width, frame.components.len());
        let (mut bits, mut contexts) = (Bits::new(coded), Contexts::new(&self.parameters));
        let rows = frame.samples.len() / (width * stride);
        for (row, pixels) in frame.samples.chunks_exact_mut(width * stride).enumerate() {
            if restart > 0 && row > 0 && row % restart == 0 {
                bits.restart().ok_or_else(|| damaged("a restart marker"))?;
                contexts = Contexts::new(&self.parameters);
                self.lines.iter_mut().for_each(|lines| lines.begin());
            }
            for lines in &mut self.lines {
                lines.next(&mut bits, &self.parameters, &mut contexts).ok_or_else(|| {
                    bad(FORMAT, format!("cut off, or damaged, in line {row} of {rows}"))
                })?;
            }
            self.put(pixels, stride);
        }
        Ok(())
    }

    /// Puts the line that was decoded last into the picture.
    fn put(&self, pixels: &mut [u16], stride: usize) {
        let own = self.places.len() / self.lines.len();
        for (at, &place) in self.places.iter().enumerate() {
            let samples = self.lines[at / own].last().iter().skip(at % own).step_by(own);
            let places = pixels[place..].iter_mut().step_by(stride);
            places.zip(samples).for_each(|(place, &sample)| *place = sample);
        }
    }
}
