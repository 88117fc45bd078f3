//! What a JPEG 2000 code stream asks for (ITU-T T.800 annexes A and B), read from its markers before a decoder makes room for it.
//!
//! A picture is cut into tiles, each component of a tile into resolution levels, these into precincts, and their sub-bands into code
//! blocks. A decoder keeps some hundred bytes of each, whether or not anything is coded for it. So a header of a hundred bytes can ask
//! for gigabytes: 64 million tiles of one pixel, or as many code blocks. Three rules bound them:
//!
//! 1. There are 65,535 tiles at most (A.4.2), and each has a tile-part, of 14 bytes at least.
//! 2. Each tile, component, level, precinct and layer has a packet, of one byte at least (B.9): there are no more packets than bytes.
//! 3. What is kept beside samples takes no more than [`BESIDE`] bytes a sample. Code blocks of a few pixels, which no encoder makes,
//!    would take more.

mod markers;
#[cfg(test)]
mod tests;

use super::super::encoding::Encoding;
use super::bad;
use crate::error::Result;
use markers::{Coding, Header, Style};

/// Tiles of a picture.
const MAX_TILES: u64 = 65_535;
/// Bytes of the shortest tile-part: SOT and SOD.
const TILE_PART: u64 = 14;
/// Bytes that may be kept a sample beside it, and bytes that may be kept in any case.
const BESIDE: u64 = 4;
const SMALL: u64 = 4 << 20;

/// Bytes that both decoders keep of each at most, by the sizes of their types.
const OF_TILE: u64 = 200;
const OF_COMPONENT: u64 = 512;
const OF_LEVEL: u64 = 256;
const OF_PRECINCT: u64 = 448;
/// With its leaf, and its share of the nodes above, in two tag trees.
const OF_BLOCK: u64 = 240;
const OF_LAYER: u64 = 56;

/// Checks a stream that begins with SOC and SIZ.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) if it asks for more than the rules above allow, or its markers do not parse.
pub(super) fn check(format: &'static str, stream: &[u8], encoding: &Encoding) -> Result<()> {
    let checked = Header::read(stream, encoding.samples()).and_then(|header| within(&header, stream.len()));
    checked.map_err(|reason| bad(format, reason))
}

/// What a tile, or all of them, ask for.
#[derive(Default)]
struct Asked {
    packets: u64,
    /// Bytes beside samples.
    kept: u64,
    samples: u64,
}

fn within(header: &Header, bytes: usize) -> std::result::Result<(), String> {
    let (bytes, tiles) = (bytes as u64, header.size.tiles());
    if tiles > MAX_TILES || tiles * TILE_PART > bytes {
        let most = MAX_TILES.min(bytes / TILE_PART);
        return Err(format!("{tiles} tiles in {bytes} bytes, expected at most {most}"));
    }
    let coding = header.tile_parts(tiles)?;
    let (mut all, mut most) = (Asked::default(), 0);
    for tile in 0..tiles {
        let own = coding.get(&tile).unwrap_or(&header.coding);
        let asked = of_tile(header, own, tile);
        all.packets = all.packets.saturating_add(asked.packets);
        all.samples += asked.samples;
        all.kept += OF_TILE + OF_COMPONENT * own.styles.len() as u64;
        // Levels, precincts and code blocks are kept of one tile at a time.
        most = asked.kept.max(most);
    }
    if all.packets > bytes {
        return Err(format!("{} packets in {bytes} bytes, expected at most one a byte", all.packets));
    }
    let (kept, allowed) = (all.kept.saturating_add(most), SMALL + BESIDE * all.samples);
    if kept > allowed {
        let what = "tiles, precincts and code blocks take";
        return Err(format!("{what} {kept} bytes, expected at most {allowed}"));
    }
    Ok(())
}

fn of_tile(header: &Header, coding: &Coding, tile: u64) -> Asked {
    let mut asked = Asked::default();
    for (component, style) in coding.styles.iter().enumerate() {
        let area = header.size.area(tile, component);
        asked.samples += area[0].length() * area[1].length();
        for level in 0..=style.levels {
            let precincts = precincts(style, area, level);
            asked.packets = asked.packets.saturating_add(precincts.saturating_mul(coding.layers));
            let bands = if level == 0 { 1 } else { 3 };
            let blocks = blocks(style, area, level).saturating_mul(OF_BLOCK + OF_LAYER * coding.layers);
            let kept = OF_LEVEL + (bands * OF_PRECINCT).saturating_mul(precincts);
            asked.kept = asked.kept.saturating_add(kept).saturating_add(blocks);
        }
    }
    asked
}

/// Samples along one axis, from the first to before the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    from: u64,
    to: u64,
}

impl Span {
    fn length(self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Every 2^`exponent`th of them, `shift` before it (equations B-14 and B-15).
    fn halved(self, exponent: u8, shift: u64) -> Self {
        let part = |place: u64| place.saturating_sub(shift).div_ceil(1 << exponent);
        Self { from: part(self.from), to: part(self.to) }
    }

    /// Cells of 2^`exponent`, counted from the origin, that it touches (equation B-16).
    fn cells(self, exponent: u8) -> u64 {
        if self.length() == 0 { 0 } else { self.to.div_ceil(1 << exponent) - (self.from >> exponent) }
    }
}

/// Precincts of a resolution level.
fn precincts(style: &Style, area: [Span; 2], level: u8) -> u64 {
    let along = |axis: usize| {
        area[axis].halved(style.levels - level, 0).cells(style.precincts[usize::from(level)][axis])
    };
    along(0).saturating_mul(along(1))
}

/// Code blocks of the sub-bands of a resolution level (B.5 and B.7).
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
