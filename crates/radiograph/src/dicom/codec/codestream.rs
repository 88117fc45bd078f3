//! Bounds on what a JPEG 2000 code stream asks for (ITU-T T.800 annexes A and B), read from its
//! markers before a decoder makes room for it.
//!
//! A picture is cut into tiles, each component of a tile into resolution levels, these into
//! precincts, and their sub-bands into code blocks. A decoder keeps some hundred bytes of each,
//! even if nothing is coded for it. So a header of a hundred bytes can ask for gigabytes: 64
//! million tiles of one pixel, or as many code blocks. Three rules bound them:
//!
//! 1. There are 65,535 tiles at most (A.4.2), and each has a tile-part, of 14 bytes at least.
//! 2. Each tile, component, level, precinct and layer has a packet, of one byte at least (B.9):
//!    there are no more packets than bytes.
//! 3. What a decoder keeps beside samples takes no more than [`BYTES_PER_SAMPLE`] bytes a sample
//!    and [`FREE_BYTES`]. Only code blocks of a few pixels, which no encoder makes, would take
//!    more.

mod markers;
mod plain;
mod start;
#[cfg(test)]
mod tests;

pub(super) use plain::kind;
pub(super) use start::{START, from_start, precision};

use super::bad;
use crate::error::Result;
use markers::{Coding, Header, Style};
use std::borrow::Cow;

/// Tiles of a picture.
const MAX_TILES: u64 = 65_535;
/// Bytes of the shortest tile-part: SOT and SOD.
const TILE_PART: u64 = 14;
/// Bytes that a decoder may keep for each sample beside it.
const BYTES_PER_SAMPLE: u64 = 4;
/// Bytes that a decoder may keep of any picture, however small.
const FREE_BYTES: u64 = 4 << 20;

// The most bytes that either decoder keeps of each, by the sizes of its types.
const TILE: u64 = 200;
const COMPONENT: u64 = 512;
const LEVEL: u64 = 256;
/// A precinct in one sub-band.
const PRECINCT: u64 = 448;
/// A code block, with its leaf and its share of the nodes above in two tag trees.
const BLOCK: u64 = 240;
/// A layer of a code block.
const LAYER: u64 = 56;

/// Checks a stream that begins with SOC and SIZ, and whose components must be so many.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) if it asks for more than the rules above allow, or its
/// markers do not parse.
pub(super) fn check(format: &'static str, stream: &[u8], components: usize) -> Result<()> {
    let checked =
        Header::read(stream, components).and_then(|header| check_rules(&header, stream.len()));
    checked.map_err(|reason| bad(format, reason))
}

/// A stream that begins with SOC and SIZ, with what decoders need of it, and its length where it
/// does not say it; with `halves`, of half the steps of quantisation.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) if it is cut off.
pub(super) fn plain<'a>(
    format: &'static str,
    stream: &'a [u8],
    halves: bool,
) -> Result<Cow<'a, [u8]>> {
    plain::plain(stream, halves).map_err(|reason| bad(format, reason))
}

/// Demand of a tile, or of all of them.
#[derive(Default)]
struct Demand {
    packets: u64,
    samples: u64,
    /// Bytes that a decoder keeps beside samples.
    overhead: u64,
}

/// Checks the three rules for a stream of so many bytes.
fn check_rules(header: &Header, bytes: usize) -> std::result::Result<(), String> {
    let (bytes, tiles) = (bytes as u64, header.size.tiles());
    if tiles > MAX_TILES || tiles * TILE_PART > bytes {
        let most = MAX_TILES.min(bytes / TILE_PART);
        return Err(format!("{tiles} tiles in {bytes} bytes, expected at most {most}"));
    }
    let coding = header.tile_parts(tiles)?;
    let (mut all, mut largest) = (Demand::default(), 0);
    for tile in 0..tiles {
        let own = coding.get(&tile).unwrap_or(&header.coding);
        let demand = demand(header, own, tile);
        all.packets = all.packets.saturating_add(demand.packets);
        all.samples = all.samples.saturating_add(demand.samples);
        all.overhead += TILE + COMPONENT * own.styles.len() as u64;
        // Levels, precincts and code blocks are kept of one tile at a time.
        largest = demand.overhead.max(largest);
    }
    if all.packets > bytes {
        return Err(format!(
            "{} packets in {bytes} bytes, expected at most one a byte",
            all.packets
        ));
    }
    let overhead = all.overhead.saturating_add(largest);
    let allowed = BYTES_PER_SAMPLE.saturating_mul(all.samples).saturating_add(FREE_BYTES);
    if overhead > allowed {
        let what = "tiles, precincts and code blocks take";
        return Err(format!("{what} {overhead} bytes, expected at most {allowed}"));
    }
    Ok(())
}

/// Demand of one tile, of which levels, precincts and code blocks are counted.
fn demand(header: &Header, coding: &Coding, tile: u64) -> Demand {
    let mut demand = Demand::default();
    for (component, style) in coding.styles.iter().enumerate() {
        let area = header.size.area(tile, component);
        let samples = area[0].length().saturating_mul(area[1].length());
        demand.samples = demand.samples.saturating_add(samples);
        for level in 0..=style.levels {
            let precincts = precincts(style, area, level);
            demand.packets = demand.packets.saturating_add(precincts.saturating_mul(coding.layers));
            let bands = if level == 0 { 1 } else { 3 };
            let blocks = blocks(style, area, level).saturating_mul(BLOCK + LAYER * coding.layers);
            let overhead = (bands * PRECINCT).saturating_mul(precincts).saturating_add(blocks);
            demand.overhead = demand.overhead.saturating_add(overhead).saturating_add(LEVEL);
        }
    }
    demand
}

/// Range of samples along one axis; `to` is behind the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    from: u64,
    to: u64,
}

impl Span {
    fn length(self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Range of a level or sub-band: every 2^`exponent`th sample, `shift` before it (equations B-14
    /// and B-15).
    fn halved(self, exponent: u8, shift: u64) -> Self {
        let part = |at: u64| at.saturating_sub(shift).div_ceil(1 << exponent);
        Self { from: part(self.from), to: part(self.to) }
    }

    /// Number of cells of 2^`exponent` samples, counted from the origin, that it touches (equation
    /// B-16).
    fn cells(self, exponent: u8) -> u64 {
        if self.length() == 0 {
            0
        } else {
            self.to.div_ceil(1 << exponent) - (self.from >> exponent)
        }
    }
}

/// Number of precincts of a resolution level.
fn precincts(style: &Style, area: [Span; 2], level: u8) -> u64 {
    let along = |axis: usize| {
        area[axis].halved(style.levels - level, 0).cells(style.precincts[usize::from(level)][axis])
    };
    along(0).saturating_mul(along(1))
}

/// Number of code blocks in the sub-bands of a resolution level (B.5 and B.7).
fn blocks(style: &Style, area: [Span; 2], level: u8) -> u64 {
    let (deep, inner) = if level == 0 { (style.levels, 0) } else { (style.levels - level + 1, 1) };
    let along = |axis: usize, high: u64| {
        let precinct = style.precincts[usize::from(level)][axis].saturating_sub(inner);
        let shift = if high == 0 { 0 } else { 1 << (deep - 1) };
        area[axis].halved(deep, shift).cells(style.block[axis].min(precinct))
    };
    let bands: &[[u64; 2]] = if level == 0 { &[[0, 0]] } else { &[[1, 0], [0, 1], [1, 1]] };
    bands.iter().map(|&[x, y]| along(0, x).saturating_mul(along(1, y))).sum()
}
