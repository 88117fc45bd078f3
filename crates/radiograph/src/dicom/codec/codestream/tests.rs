//! Code streams that ask for much and hold next to nothing.

use super::markers::Header;
use super::*;

/// A stream of one component and one tile-part.
struct Stream {
    sides: [u32; 2],
    /// Sides of a tile.
    tile: [u32; 2],
    layers: u16,
    levels: u8,
    /// Exponents of a code block's sides, less two.
    block: [u8; 2],
    /// Exponents of a precinct's sides, a byte a level; none for the largest.
    precincts: Vec<u8>,
    /// Marker segments of its one tile-part.
    own: Vec<u8>,
    /// Bytes of data.
    data: usize,
}

impl Default for Stream {
    /// Five levels, blocks of 64×64, as encoders make them.
    fn default() -> Self {
        let (sides, own) = ([4_000, 3_000], Vec::new());
        Self {
            sides,
            tile: sides,
            layers: 1,
            levels: 5,
            block: [4, 4],
            precincts: Vec::new(),
            own,
            data: 1_000,
        }
    }
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
}

impl Stream {
    fn cod(&self) -> Vec<u8> {
        let [high, low] = self.layers.to_be_bytes();
        let flags = u8::from(!self.precincts.is_empty());
        let fields = [flags, 0, high, low, 0, self.levels, self.block[0], self.block[1], 0, 1];
        segment(0x52, &[&fields, &self.precincts[..]].concat())
    }

    fn bytes(&self) -> Vec<u8> {
        let corners = [self.sides, [0; 2], self.tile, [0; 2]].concat();
        let corners: Vec<u8> = corners.into_iter().flat_map(u32::to_be_bytes).collect();
        let size = segment(0x51, &[&[0, 0][..], &corners, &[0, 1, 7, 1, 1]].concat());
        let steps = segment(0x5C, &vec![0x40; 2 + 3 * usize::from(self.levels)]);
        let length = (14 + self.own.len() + self.data) as u32;
        let part = segment(0x90, &[&[0, 0][..], &length.to_be_bytes(), &[0, 1]].concat());
        let data = [&self.own[..], &[0xFF, 0x93], &vec![0; self.data]].concat();
        [&[0xFF, 0x4F][..], &size, &self.cod(), &steps, &part, &data, &[0xFF, 0xD9]].concat()
    }

    fn said(&self) -> String {
        said(&self.bytes())
    }
}

fn said(stream: &[u8]) -> String {
    check("JPEG 2000", stream, 1).map_or_else(|error| error.to_string(), |()| "sound".into())
}

#[test]
fn what_encoders_make_is_sound() {
    assert_eq!(Stream::default().said(), "sound");
    assert_eq!(
        Stream { sides: [1, 1], tile: [1, 1], data: 6, ..Stream::default() }.said(),
        "sound"
    );
    // 10,000 tiles of 128 × 128, each with a packet a level, whose tile-parts are in the data.
    let tiles = Stream { sides: [12_800; 2], tile: [128; 2], data: 200_000, ..Stream::default() };
    assert_eq!(tiles.said(), "sound");
    let layers = Stream { layers: 20, block: [3, 3], data: 4_000, ..Stream::default() };
    assert_eq!(layers.said(), "sound");
}

#[test]
fn tiles_without_parts_are_refused() {
    let tiny = Stream { sides: [8_000; 2], tile: [1; 2], ..Stream::default() };
    assert!(tiny.said().contains("64000000 tiles in 1"), "{}", tiny.said());
    let many = Stream { sides: [8_000; 2], tile: [31; 2], data: 2 << 20, ..Stream::default() };
    assert!(
        many.said().contains("67081 tiles") && many.said().contains("at most 65535"),
        "{}",
        many.said()
    );
    assert!(Stream { tile: [0, 1], ..Stream::default() }.said().contains("no size"));
}

#[test]
fn the_largest_sides_are_counted_without_overflow() {
    let sides = [u32::MAX; 2];
    let one = Stream { sides, tile: sides, levels: 0, block: [4, 4], ..Stream::default() };
    assert!(one.said().contains("packets in"), "{}", one.said());
    let small = Stream { precincts: vec![0; 6], levels: 5, ..one };
    assert!(small.said().contains("packets in"), "{}", small.said());
}

#[test]
fn more_packets_than_bytes_are_refused() {
    let layers = Stream { layers: 65_535, ..Stream::default() };
    assert!(layers.said().contains("393210 packets"), "{}", layers.said());
    let precincts = Stream { precincts: vec![0x11; 6], ..Stream::default() };
    assert!(precincts.said().contains("packets in"), "{}", precincts.said());
}

#[test]
fn code_blocks_of_a_few_pixels_are_refused() {
    let blocks =
        Stream { sides: [10_000; 2], tile: [10_000; 2], block: [0, 0], ..Stream::default() };
    assert!(blocks.said().contains("code blocks take"), "{}", blocks.said());
    let layers = Stream { layers: 32, block: [1, 1], ..blocks };
    assert!(layers.said().contains("code blocks take"), "{}", layers.said());
}

#[test]
fn a_tile_part_s_own_coding_counts() {
    let own = Stream { layers: 65_535, ..Stream::default() }.cod();
    let hidden = Stream { own, ..Stream::default() };
    assert!(hidden.said().contains("393210 packets"), "{}", hidden.said());
    // Of component 0: levels 0, blocks of 4 × 4.
    let own = segment(0x53, &[0, 0, 0, 0, 0, 0, 1]);
    let hidden = Stream { sides: [9_000; 2], tile: [9_000; 2], own, ..Stream::default() };
    assert!(hidden.said().contains("code blocks take"), "{}", hidden.said());
    let changes = Stream { own: segment(0x5F, &[0; 7 * 200]), ..Stream::default() };
    assert!(changes.said().contains("more than 128 changes"), "{}", changes.said());
}

#[test]
fn segments_longer_than_their_fields_are_refused() {
    let mut stream = Stream::default().bytes();
    let at = stream.windows(2).position(|pair| pair == [0xFF, 0x52]).unwrap();
    stream[at + 3] += 4;
    assert!(said(&stream).contains("COD"), "{}", said(&stream));
    let own = segment(0x5C, &[1, 0, 0, 0, 0]);
    let quantised = Stream { own, ..Stream::default() };
    assert!(quantised.said().contains("marker segment FF5C of 5 bytes"), "{}", quantised.said());
}

#[test]
fn every_prefix_and_every_changed_byte_is_an_answer() {
    let stream = Stream { precincts: vec![0x88; 6], data: 9, ..Stream::default() }.bytes();
    for length in 4..stream.len() {
        said(&stream[..length]);
    }
    for (at, value) in
        (4..stream.len()).flat_map(|at| [0, 1, 0x7F, 0x80, 0xFF].map(|value| (at, value)))
    {
        let mut changed = stream.clone();
        changed[at] = value;
        said(&changed);
    }
    assert!(Header::read(&stream, 3).is_err_and(|said| said.contains("1 components, expected")));
}
