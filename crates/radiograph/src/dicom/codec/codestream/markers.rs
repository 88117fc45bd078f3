//! The markers of a JPEG 2000 code stream that state sizes and numbers (ITU-T T.800 annex A): SIZ,
//! COD, COC, POC and tile-parts.
//!
//! Decoders read the fields of a segment one after the other, and not all look at its length. So a
//! segment that is not as long as its fields is refused: a decoder would see other markers behind
//! it than this module does. The last COD or COC of a tile counts, as in the decoders.

use super::Span;
use std::collections::BTreeMap;

pub(super) const COD: u8 = 0x52;
pub(super) const COC: u8 = 0x53;
pub(super) const QCD: u8 = 0x5C;
pub(super) const QCC: u8 = 0x5D;
pub(super) const RGN: u8 = 0x5E;
pub(super) const POC: u8 = 0x5F;
pub(super) const SOT: u8 = 0x90;
pub(super) const SOD: u8 = 0x93;
pub(super) const EOC: u8 = 0xD9;
/// Bytes of a change of the progression order in POC.
const CHANGE: usize = 7;
/// Changes of the progression order. Each is a walk over all packets. One for each of 33 levels of
/// three components makes 99.
const MAX_CHANGES: usize = 128;

pub(super) type Result<T> = std::result::Result<T, String>;

/// The coding style of a component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// Decomposition levels, up to 32.
    pub(super) levels: u8,
    /// Exponents of a code block's sides, in x and in y.
    pub(super) block: [u8; 2],
    /// Exponents of a precinct's sides, by resolution level.
    pub(super) precincts: [[u8; 2]; 33],
}

/// The coding style of a picture or a tile.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Coding {
    pub(super) layers: u64,
    /// One a component.
    pub(super) styles: Vec<Style>,
}

/// The place of the picture and its tiles on the reference grid (A.5.1).
#[derive(Debug)]
pub(super) struct Size {
    picture: [Span; 2],
    /// The first tile's start and a tile's side, in x and in y.
    tile: [(u64, u64); 2],
    /// Distances between the samples of each component.
    steps: Vec<[u64; 2]>,
}

/// The main header.
pub(super) struct Header<'a> {
    pub(super) size: Size,
    pub(super) coding: Coding,
    stream: &'a [u8],
    /// Position of the first tile-part.
    end: usize,
    /// Changes of the progression order.
    changes: usize,
}

impl<'a> Header<'a> {
    /// Reads the main header of a stream whose components must be so many.
    pub(super) fn read(stream: &'a [u8], components: usize) -> Result<Self> {
        let (_, body, mut end) = segment(stream, 2)?;
        let size = Size::read(body, components)?;
        let (mut all, mut own, mut changes) = (None, vec![None; components], 0);
        loop {
            let (marker, body, next) = segment(stream, end)?;
            match marker {
                SOT => break,
                COD => all = Some(cod(body)?),
                COC => set(&mut own, body, Some)?,
                POC => changes += body.len() / CHANGE,
                _ => check_length(marker, body)?,
            }
            end = next;
        }
        let (layers, style) = all.ok_or("got no marker segment COD, expected one")?;
        let styles = own.into_iter().map(|own| own.unwrap_or(style)).collect();
        Ok(Self { size, coding: Coding { layers, styles }, stream, end, changes })
    }

    /// Reads the headers of all tile-parts; returns the coding of those tiles that have their own.
    pub(super) fn tile_parts(&self, tiles: u64) -> Result<BTreeMap<u64, Coding>> {
        let (mut coding, mut at, mut changes) = (BTreeMap::new(), self.end, self.changes);
        while let Ok((SOT, &[i1, i0, p3, p2, p1, p0, _, _], first)) = segment(self.stream, at) {
            let tile = u64::from(u16::from_be_bytes([i1, i0]));
            if tile >= tiles {
                return Err(format!("a part of tile {tile}, expected a number below {tiles}"));
            }
            let (data, of_part) = self.tile_part(first, tile, &mut coding)?;
            changes += of_part;
            if changes > MAX_CHANGES {
                return Err(format!("more than {MAX_CHANGES} changes of the progression order"));
            }
            let length = u32::from_be_bytes([p3, p2, p1, p0]) as usize;
            // One of length 0 is the last, and goes to the end.
            match at.saturating_add(length) {
                _ if length == 0 => break,
                end if end < data => {
                    return Err("a tile-part that is shorter than its header".into());
                }
                end => at = end,
            }
        }
        Ok(coding)
    }

    /// Reads the header of a tile-part, and enters its coding. Returns the position of its data,
    /// and the number of its changes of the progression order.
    fn tile_part(
        &self,
        mut at: usize,
        tile: u64,
        coding: &mut BTreeMap<u64, Coding>,
    ) -> Result<(usize, usize)> {
        let mut changes = 0;
        loop {
            let (marker, body, next) = segment(self.stream, at)?;
            match marker {
                SOD | EOC => return Ok((next, changes)),
                SOT => return Err("a tile-part without data (SOD)".into()),
                COD => {
                    let (layers, style) = cod(body)?;
                    let styles = vec![style; self.coding.styles.len()];
                    coding.insert(tile, Coding { layers, styles });
                }
                COC => {
                    let own = coding.entry(tile).or_insert_with(|| self.coding.clone());
                    set(&mut own.styles, body, |style| style)?;
                }
                POC => changes += body.len() / CHANGE,
                _ => check_length(marker, body)?,
            }
            at = next;
        }
    }
}

impl Size {
    fn read(body: &[u8], components: usize) -> Result<Self> {
        let damaged = || "a damaged marker segment SIZ".to_owned();
        let (&[_, _, ref numbers @ ..], rest) =
            body.split_first_chunk::<34>().ok_or_else(damaged)?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let [x1, y1, x0, y0, width, height, left, top] = <[[u8; 4]; 8]>::try_from(numbers)
            .map_err(|_| damaged())?
            .map(|four| u64::from(u32::from_be_bytes(four)));
        let (count, fields) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
        let count = usize::from(u16::from_be_bytes(*count));
        if count != components || fields.len() != 3 * count {
            return Err(format!("{count} components, expected the SamplesPerPixel, {components}"));
        }
        let (fields, _) = fields.as_chunks::<3>();
        let steps: Vec<_> = fields.iter().map(|&[_, x, y]| [x, y].map(u64::from)).collect();
        let tile = [(left, width), (top, height)];
        let picture = [Span { from: x0, to: x1 }, Span { from: y0, to: y1 }];
        // Equations B-3 and B-4: the first tile has a part of the picture.
        let sound = |(span, (start, side)): (&Span, &(u64, u64))| {
            span.from < span.to && *start <= span.from && start + side > span.from
        };
        if !picture.iter().zip(&tile).all(sound) || steps.iter().flatten().any(|&step| step == 0) {
            return Err("a picture or tiles of no size".into());
        }
        Ok(Self { picture, tile, steps })
    }

    /// Number of tiles along an axis.
    fn across(&self, axis: usize) -> u64 {
        let (start, side) = self.tile[axis];
        (self.picture[axis].to - start).div_ceil(side)
    }

    /// Number of tiles of the picture (equation B-5).
    pub(super) fn tiles(&self) -> u64 {
        self.across(0).saturating_mul(self.across(1))
    }

    /// Samples of a component of a tile, in x and in y (equations B-6 to B-12).
    pub(super) fn area(&self, tile: u64, component: usize) -> [Span; 2] {
        let at = [tile % self.across(0), tile / self.across(0)];
        [0, 1].map(|axis| {
            let (start, side) = self.tile[axis];
            let from = (start + at[axis] * side).max(self.picture[axis].from);
            let to = (start + (at[axis] + 1) * side).min(self.picture[axis].to);
            let step = self.steps[component][axis];
            Span { from: from.div_ceil(step), to: to.div_ceil(step) }
        })
    }
}

impl Style {
    /// Reads the fields that COD and COC share: levels, code blocks, kind, transform, and precincts
    /// if they say so (table A.15).
    fn read(fields: &[u8], with_precincts: bool) -> Option<Self> {
        let (&[levels, width, height, _, _], precincts) = fields.split_first_chunk()?;
        let block = [width, height].map(|exponent| exponent.saturating_add(2));
        let count = if with_precincts { usize::from(levels) + 1 } else { 0 };
        if levels > 32
            || block[0].max(block[1]) > 10
            || block[0] + block[1] > 12
            || precincts.len() != count
        {
            return None;
        }
        let mut style = Self { levels, block, precincts: [[15; 2]; 33] };
        for (sides, &byte) in style.precincts.iter_mut().zip(precincts) {
            *sides = [byte & 15, byte >> 4];
        }
        Some(style)
    }
}

/// Reads layers and style from a marker segment COD (A.6.1).
fn cod(body: &[u8]) -> Result<(u64, Style)> {
    let fields = body.split_first_chunk::<5>();
    let style = fields.and_then(|(&[flags, _, high, low, _], rest)| {
        Some((u64::from(u16::from_be_bytes([high, low])), Style::read(rest, flags & 1 != 0)?))
    });
    style.ok_or_else(|| "a damaged marker segment COD".into())
}

/// Sets the style of one component from a marker segment COC (A.6.2). There are fewer than 257
/// components, so that the segment's first byte is its number.
fn set<T>(styles: &mut [T], body: &[u8], entry: impl Fn(Style) -> T) -> Result<()> {
    let found = body.split_first_chunk::<2>().and_then(|(&[component, flags], rest)| {
        Some((styles.get_mut(usize::from(component))?, Style::read(rest, flags & 1 != 0)?))
    });
    let (component, style) = found.ok_or("a damaged marker segment COC")?;
    *component = entry(style);
    Ok(())
}

/// Checks that a segment of quantisation (A.6.4, A.6.5) or of a region (A.6.3) is as long as its
/// fields.
fn check_length(marker: u8, body: &[u8]) -> Result<()> {
    let steps = |style: &u8, rest: &[u8]| match style & 31 {
        1 => rest.len() == 2,
        2 => rest.len().is_multiple_of(2),
        _ => true,
    };
    let sound = match (marker, body) {
        (QCD, [style, rest @ ..]) | (QCC, [_, style, rest @ ..]) => steps(style, rest),
        (QCD | QCC, _) => false,
        (RGN, body) => body.len() == 3,
        _ => true,
    };
    if sound {
        Ok(())
    } else {
        Err(format!("a marker segment FF{marker:02X} of {} bytes", body.len()))
    }
}

/// Returns the marker at `at`, the bytes behind its length, and the position of the next marker.
pub(super) fn segment(stream: &[u8], at: usize) -> Result<(u8, &[u8], usize)> {
    let cut = || format!("cut off, or damaged: got no marker at byte {at}, expected one");
    let Some(&[0xFF, marker]) = stream.get(at..at.saturating_add(2)) else { return Err(cut()) };
    if matches!(marker, 0x30..=0x3F | SOD | EOC) {
        return Ok((marker, &[], at + 2));
    }
    let length = stream.get(at + 2..at + 4).and_then(<[u8]>::first_chunk).ok_or_else(cut)?;
    let end = at + 2 + usize::from(u16::from_be_bytes(*length));
    Ok((marker, stream.get(at + 4..end).ok_or_else(cut)?, end))
}
