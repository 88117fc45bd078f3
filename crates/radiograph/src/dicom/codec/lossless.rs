//! JPEG Lossless (ITU-T T.81 process 14 and annex H).
//!
//! Each sample is predicted from its neighbours to the left, above, and above to the left, by one
//! of seven rules. The difference from the prediction is coded: a Huffman code says how many bits
//! it has, and these follow. All is modulo 2^16. The first line is predicted from the left alone,
//! and its first sample from the middle of the range. A restart interval is a number of lines, and
//! begins as the picture does. A scan has one component, or several pixel by pixel. Each scan has
//! its own rule and point transform: the number of low bits that were cut off.

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::frame_header::FrameHeader;
use super::huffman::{Bits, Table, Tables};
use super::{DEFINE_HUFFMAN, RESTART_INTERVAL, START_OF_SCAN, Segment};
use super::{FULL, bad, in_frame, restart_interval, segments, subsampled};
use crate::error::{Error, Result};
use crate::raster::jpeg;

const FORMAT: &str = "JPEG Lossless";
/// SOF3.
pub(super) const START_OF_FRAME: u8 = 0xC3;

/// Samples, pixel by pixel.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    jpeg::frame(stream).map_err(in_frame)?;
    let (mut frame, mut tables, mut restart) = (None, Tables::default(), 0);
    for Segment { marker, body, rest } in segments(stream) {
        match marker {
            START_OF_FRAME => frame = Some(Frame::new(body, encoding, shape)?),
            _ if jpeg::is_frame(marker) => {
                return Err(bad(FORMAT, format!("process SOF{}, expected SOF3", marker - 0xC0)));
            }
            DEFINE_HUFFMAN => tables.read(body).ok_or_else(|| damaged("a Huffman table"))?,
            RESTART_INTERVAL => restart = restart_interval(body),
            START_OF_SCAN => {
                let frame =
                    frame.as_mut().ok_or_else(|| damaged("the order: a scan before its frame"))?;
                frame.scan(body, &tables)?.decode(rest, restart, frame)?;
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

/// The frame header, and the picture as far as it is read.
struct Frame {
    precision: u8,
    /// Identifiers of the components.
    components: Vec<u8>,
    /// The components that no scan had yet.
    unread: Vec<u8>,
    /// Sampling factors that all components have.
    factors: u8,
    width: usize,
    samples: Vec<u16>,
}

impl Frame {
    /// Reads the frame header (T.81 B.2.2).
    fn new(body: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Self> {
        let header = FrameHeader::read(FORMAT, body, encoding, shape)?;
        let [_, factors, _] = header.components[0];
        if header.components.iter().any(|component| component[1] != factors) {
            return Err(subsampled(FORMAT));
        }
        let (precision, components) = (header.precision, header.identifiers());
        let (unread, samples) = (components.clone(), vec![0; encoding.samples() * shape.pixels()]);
        let width = shape.columns as usize;
        Ok(Self { precision, components, unread, factors, width, samples })
    }

    /// Reads a scan header (T.81 B.2.3), and takes its components as read.
    fn scan<'t>(&mut self, body: &[u8], tables: &'t Tables) -> Result<Scan<'t>> {
        let header = || damaged("a scan header");
        let (&count, rest) = body.split_first().ok_or_else(header)?;
        let (ids, &[rule, _, transform]) =
            rest.split_at_checked(2 * usize::from(count)).ok_or_else(header)?
        else {
            return Err(header());
        };
        let mut scan = Scan { components: Vec::new(), rule, shift: transform & 15, middle: 0 };
        if !(1..=7).contains(&rule) || scan.shift >= self.precision {
            let said = format!("rule {rule} and a point transform of {} bits", scan.shift);
            return Err(bad(
                FORMAT,
                format!("{said}, expected 1 to 7 and fewer than the sample's"),
            ));
        }
        scan.middle = 1 << (self.precision - scan.shift - 1);
        for &[id, table] in ids.as_chunks().0 {
            let place = self.components.iter().position(|&other| other == id);
            let place = place.filter(|_| self.unread.contains(&id)).ok_or_else(header)?;
            self.unread.retain(|&other| other != id);
            let table = tables.dc.get(usize::from(table >> 4)).and_then(Option::as_ref);
            let table = table.ok_or_else(|| damaged("the Huffman table of a scan"))?;
            let [above, line] = [(); 2].map(|()| vec![0; self.width]);
            scan.components.push(Component { table, place, above, line });
        }
        let interleaved = scan.components.len() > 1;
        if scan.components.is_empty() || interleaved && self.factors != FULL {
            return Err(header());
        }
        Ok(scan)
    }
}

/// A component of a scan, and two lines of it.
struct Component<'t> {
    table: &'t Table,
    /// Position of its sample in a pixel.
    place: usize,
    above: Vec<u16>,
    line: Vec<u16>,
}

/// A scan.
struct Scan<'t> {
    components: Vec<Component<'t>>,
    rule: u8,
    /// Bits of the point transform.
    shift: u8,
    /// Prediction where there is no neighbour.
    middle: u16,
}

impl Scan<'_> {
    /// Decodes a scan into the picture; a restart interval has so many pixels, or is the whole.
    fn decode(&mut self, coded: &[u8], restart: usize, frame: &mut Frame) -> Result<()> {
        let (width, stride) = (frame.width, frame.components.len());
        if !restart.is_multiple_of(width) {
            let got = format!("a restart interval of {restart} pixels");
            return Err(bad(FORMAT, format!("{got}, expected whole lines of {width}")));
        }
        let (mut bits, lines) = (Bits::new(coded), restart / width);
        let rows = frame.samples.len() / (width * stride);
        for (row, pixels) in frame.samples.chunks_exact_mut(width * stride).enumerate() {
            let begins = row == 0 || lines > 0 && row % lines == 0;
            if begins && row > 0 {
                bits.restart().ok_or_else(|| damaged("a restart marker"))?;
            }
            self.line(&mut bits, begins).ok_or_else(|| {
                bad(FORMAT, format!("cut off, or damaged, in line {row} of {rows}"))
            })?;
            for component in &mut self.components {
                let places = pixels[component.place..].iter_mut().step_by(stride);
                places.zip(&component.line).for_each(|(place, &s)| *place = s << self.shift);
                std::mem::swap(&mut component.above, &mut component.line);
            }
        }
        Ok(())
    }

    /// Decodes a line of all components. The rules are those of T.81 table H.1.
    fn line(&mut self, bits: &mut Bits, begins: bool) -> Option<()> {
        let rule = if begins { 1 } else { self.rule };
        if begins {
            // What the first sample is predicted from lies above it.
            self.components.iter_mut().for_each(|component| component.above[0] = self.middle);
        }
        match rule {
            1 => self.line_by(bits, |left, _, _| left),
            2 => self.line_by(bits, |_, above, _| above),
            3 => self.line_by(bits, |_, _, corner| corner),
            4 => self.line_by(bits, |left, above, corner| left + above - corner),
            5 => self.line_by(bits, |left, above, corner| left + ((above - corner) >> 1)),
            6 => self.line_by(bits, |left, above, corner| above + ((left - corner) >> 1)),
            _ => self.line_by(bits, |left, above, _| (left + above) >> 1),
        }
    }

    fn line_by(&mut self, bits: &mut Bits, rule: impl Fn(i32, i32, i32) -> i32) -> Option<()> {
        if let [Component { table, above, line, .. }] = &mut self.components[..] {
            return line_of_one(bits, table, above, line, rule);
        }
        for x in 0..self.components[0].line.len() {
            for Component { table, above, line, .. } in &mut self.components {
                let predicted = match x.checked_sub(1) {
                    None => above[0],
                    Some(left) => predict(&rule, line[left], above[x], above[left]),
                };
                line[x] = predicted.wrapping_add(difference(bits, table)?);
            }
        }
        Some(())
    }
}

/// Decodes a line of the only component of a scan, as of nearly all pictures.
fn line_of_one(
    bits: &mut Bits,
    table: &Table,
    above: &[u16],
    line: &mut [u16],
    rule: impl Fn(i32, i32, i32) -> i32,
) -> Option<()> {
    let (first, rest) = line.split_first_mut()?;
    let mut left = above[0].wrapping_add(difference(bits, table)?);
    *first = left;
    for (sample, neighbours) in rest.iter_mut().zip(above.windows(2)) {
        let predicted = predict(&rule, left, neighbours[1], neighbours[0]);
        left = predicted.wrapping_add(difference(bits, table)?);
        *sample = left;
    }
    Some(())
}

#[inline]
fn predict(rule: impl Fn(i32, i32, i32) -> i32, left: u16, above: u16, corner: u16) -> u16 {
    rule(left.into(), above.into(), corner.into()) as u16
}

/// A difference (T.81 H.1.2.2): of 16 bits there is but one, 32,768, and nothing follows its code.
#[inline]
fn difference(bits: &mut Bits, table: &Table) -> Option<u16> {
    match bits.symbol(table)? {
        16 => Some(1 << 15),
        size @ 0..=15 => bits.number(size).map(|number| number as u16),
        _ => None,
    }
}
