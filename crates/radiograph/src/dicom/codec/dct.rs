//! JPEG Extended of 12 bits (ITU-T T.81 process 4, sequential with Huffman codes), of one sample a
//! pixel.

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::frame_header::FrameHeader;
use super::huffman::{self, Bits, Table};
use super::{DEFINE_HUFFMAN, RESTART_INTERVAL, START_OF_SCAN, Segment};
use super::{bad, restart_interval, segments};
use crate::error::{Error, Result};
use std::f32::consts::PI;

const FORMAT: &str = "JPEG Extended";
const BLOCK: usize = 64;
/// T.81 figure A.6: the place in a block of each coefficient in the order in which they are coded.
const ZIGZAG: [usize; BLOCK] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The tables and the restart interval that the marker segments before the scan define.
#[derive(Default)]
struct Tables {
    quantisation: [Option<[f32; BLOCK]>; 4],
    huffman: huffman::Tables,
    restart: usize,
}

/// Samples, row by row.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    let (mut tables, mut component) = (Tables::default(), None);
    for Segment { marker, body, rest } in segments(stream) {
        match marker {
            0xC1 => component = Some(frame(body, encoding, shape)?),
            0xC0 | 0xC2..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(bad(FORMAT, format!("process SOF{}, expected SOF1", marker - 0xC0)));
            }
            DEFINE_HUFFMAN => {
                tables.huffman.read(body).ok_or_else(|| damaged("a Huffman table"))?;
            }
            0xDB => tables.quantisation(body).ok_or_else(|| damaged("a quantisation table"))?,
            RESTART_INTERVAL => tables.restart = restart_interval(body),
            START_OF_SCAN => {
                let quantisation =
                    component.ok_or_else(|| damaged("the order: a scan before its frame"))?;
                let scan = Scan::new(&tables, quantisation, body)
                    .ok_or_else(|| damaged("a scan header"))?;
                return scan.decode(rest, encoding, shape);
            }
            _ => {}
        }
    }
    Err(bad(FORMAT, "cut off, or damaged, before its picture"))
}

fn damaged(what: &str) -> Error {
    bad(FORMAT, format!("{what} is damaged"))
}

/// Checks the frame header, and gives the number of its quantisation table.
fn frame(body: &[u8], encoding: &Encoding, shape: &Shape) -> Result<usize> {
    match FrameHeader::read(FORMAT, body, encoding, shape)?.components {
        &[[_, _, table @ 0..=3]] => Ok(table.into()),
        [_] => Err(damaged("the frame header")),
        _ => Err(bad(FORMAT, "colours of 12 bits are not decoded: transcode with gdcmconv --raw")),
    }
}

impl Tables {
    fn quantisation(&mut self, mut body: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = body {
            let wide = kind >> 4 != 0;
            let bytes = rest.get(..if wide { 2 * BLOCK } else { BLOCK })?;
            let mut table = [0.0; BLOCK];
            for (coefficient, &place) in ZIGZAG.iter().enumerate() {
                table[place] = if wide {
                    f32::from(u16::from_be_bytes([
                        bytes[2 * coefficient],
                        bytes[2 * coefficient + 1],
                    ]))
                } else {
                    f32::from(bytes[coefficient])
                };
            }
            *self.quantisation.get_mut(usize::from(kind & 15))? = Some(table);
            body = &rest[bytes.len()..];
        }
        Some(())
    }
}

/// The one scan of a picture of one component.
struct Scan<'a> {
    quantisation: &'a [f32; BLOCK],
    dc: &'a Table,
    ac: &'a Table,
    restart: usize,
}

impl<'a> Scan<'a> {
    fn new(tables: &'a Tables, quantisation: usize, header: &[u8]) -> Option<Self> {
        let &[1, _, huffman, ..] = header else { return None };
        Some(Self {
            quantisation: tables.quantisation.get(quantisation)?.as_ref()?,
            dc: tables.huffman.dc.get(usize::from(huffman >> 4))?.as_ref()?,
            ac: tables.huffman.ac.get(usize::from(huffman & 15))?.as_ref()?,
            restart: tables.restart,
        })
    }

    fn decode(&self, coded: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
        let (columns, rows) = (shape.columns as usize, shape.rows as usize);
        let (across, down) = (columns.div_ceil(8), rows.div_ceil(8));
        // A block takes two bits at least: what cannot hold so many is refused before room is made
        // for them.
        if across * down > coded.len().saturating_mul(4) {
            return Err(bad(
                FORMAT,
                format!("{} bytes cannot hold {columns}×{rows} pixels", coded.len()),
            ));
        }
        let cosines = cosines();
        let mut samples = vec![0; columns * rows];
        let (mut bits, mut last) = (Bits::new(coded), 0);
        for block in 0..across * down {
            if self.restart > 0 && block > 0 && block % self.restart == 0 {
                bits.restart().ok_or_else(|| damaged("a restart marker"))?;
                last = 0;
            }
            let coefficients = self.block(&mut bits, &mut last).ok_or_else(|| {
                bad(FORMAT, format!("cut off, or damaged, in block {block} of {}", across * down))
            })?;
            let (x, y) = (block % across * 8, block / across * 8);
            // Values beyond those stored, where edges ring, would wrap round when the bits above
            // are masked.
            let grey = inverse(&coefficients, &cosines)
                .map(|g| (g + 2048.5).clamp(0.0, encoding.largest().min(4095).into()) as u16);
            for (row, line) in grey.chunks_exact(8).take(rows - y).enumerate() {
                let start = (y + row) * columns + x;
                let width = (columns - x).min(8);
                samples[start..start + width].copy_from_slice(&line[..width]);
            }
        }
        Ok(samples)
    }

    /// Coefficients of a block, in their places (T.81 F.2.2); `last` is the block's before, of the
    /// mean.
    fn block(&self, bits: &mut Bits, last: &mut i32) -> Option<[f32; BLOCK]> {
        let mut coefficients = [0.0; BLOCK];
        let size = bits.symbol(self.dc)?;
        *last = last.wrapping_add(bits.number(if size <= 16 { size } else { return None })?);
        coefficients[0] = *last as f32 * self.quantisation[0];
        let mut at = 1;
        while at < BLOCK {
            let symbol = bits.symbol(self.ac)?;
            let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            match (zeros, size) {
                (15, 0) => at += 16,
                (_, 0) => break,
                _ => {
                    let place = *ZIGZAG.get(at + zeros)?;
                    coefficients[place] = bits.number(size)? as f32 * self.quantisation[place];
                    at += zeros + 1;
                }
            }
        }
        Some(coefficients)
    }
}

/// Half of c(u) cos((2x + 1) u π / 16), of T.81 A.3.3, by x and u.
fn cosines() -> [[f32; 8]; 8] {
    std::array::from_fn(|x| {
        std::array::from_fn(|u| {
            let scale = if u == 0 { 0.5_f32.sqrt() } else { 1.0 } / 2.0;
            scale * ((2 * x + 1) as f32 * u as f32 * PI / 16.0).cos()
        })
    })
}

/// The inverse cosine transform, first along rows, then along columns.
fn inverse(coefficients: &[f32; BLOCK], cosines: &[[f32; 8]; 8]) -> [f32; BLOCK] {
    let mut rows = [0.0; BLOCK];
    for (row, line) in coefficients.chunks_exact(8).enumerate() {
        for x in 0..8 {
            rows[row * 8 + x] = line.iter().zip(&cosines[x]).map(|(c, cosine)| c * cosine).sum();
        }
    }
    std::array::from_fn(|at| (0..8).map(|v| rows[v * 8 + at % 8] * cosines[at / 8][v]).sum())
}
