//! Claims of directories that are refused before anything is made of them.
use super::layout::Layout;
use super::*;

const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;

/// A little-endian file with these tags, of LONG values, a count and a value each, and so many
/// bytes behind them.
fn file(tags: &[(u16, u32, u32)], rest: usize) -> Vec<u8> {
    let entry = |&(tag, count, value): &(u16, u32, u32)| {
        [&tag.to_le_bytes()[..], &[4, 0], &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let entries: Vec<u8> = tags.iter().flat_map(entry).collect();
    let mut bytes =
        [&b"II*\0\x08\0\0\0"[..], &(tags.len() as u16).to_le_bytes(), &entries, &[0; 4]].concat();
    bytes.resize(bytes.len() + rest, 0);
    bytes
}

/// The bytes that JPEGs of a file take, if its directory is sound.
fn check(bytes: &[u8]) -> Result<u64> {
    let directory = page::choose(&File::open(bytes).unwrap())?;
    jpeg::memory(&Layout::of(&directory, &Limits::default())?)
}

fn said(bytes: &[u8]) -> String {
    check(bytes).unwrap_err().to_string()
}

/// A strip in these sides.
fn sides(width: u32, height: u32) -> Vec<(u16, u32, u32)> {
    vec![(WIDTH, 1, width), (HEIGHT, 1, height), (BITS, 1, 8), (273, 1, 8)]
}

#[test]
fn claims_without_bytes_are_refused() {
    assert!(check(&file(&sides(1_000, 1_000), 1_000_000)).is_ok());
    assert!(said(&file(&sides(1_000, 1_000), 900_000)).contains("cannot hold 1000×1000"));
    for (compression, least) in [(5, 367), (8, 962), (32_773, 15_625)] {
        let tags = [sides(1_000, 1_000), vec![(COMPRESSION, 1, compression)]].concat();
        assert!(check(&file(&tags, least)).is_ok());
        assert!(said(&file(&tags, least - 100)).contains("cannot hold"), "{compression}");
    }
    let many = [&sides(9, 9)[..3], &[(273, 300_000, 100)]].concat();
    assert!(said(&file(&many, 400_000)).contains("claims 300000 values, expected at most 262144"));
    let unread = [sides(9, 9), vec![(34_675, u32::MAX, 100)]].concat();
    assert!(check(&file(&unread, 400)).is_ok(), "is never read");
}

#[test]
fn tiles_and_doubles_that_make_no_sense_are_refused() {
    let tile = |width, height| {
        let tile = [(TILE_WIDTH, 1, width), (TILE_HEIGHT, 1, height), (324, 1, 8)];
        file(&[&sides(9, 9)[..3], &tile].concat(), 99)
    };
    assert!(said(&tile(200_000, 1_000)).contains("a tile of the file"));
    assert!(said(&tile(100_000, 16)).contains("tiles of 100000×16, expected sides of 1 to 65535"));
    assert!(said(&tile(0, 16)).contains("tiles of 0×16"));
    assert!(said(&tile(4, 4)).contains("1 tiles, expected 9"));
    assert!(check(&tile(4_096, 16)).is_ok(), "a wide tile is no fault");
    let twice = [sides(9, 9), vec![(WIDTH, 1, 90_000)]].concat();
    assert!(said(&file(&twice, 99)).contains("tag 256 is there twice"));
    assert!(said(&file(&[(50_000, 1, 1); 2_000], 9)).contains("2000 entries of its directory"));
    assert!(said(&file(&sides(0, 9), 99)).contains("no page with a picture"));
}

#[test]
fn sides_are_read_of_every_type_of_whole_numbers() {
    let with_type = |kind: u8| {
        let mut bytes = file(&sides(60_000, 60_000), 9);
        // Two bytes of tag, then the type, of the entries at bytes 10 and 22.
        (bytes[12], bytes[24]) = (kind, kind);
        said(&bytes)
    };
    for kind in [3, 4, 13] {
        assert!(with_type(kind).contains("60000×60000"), "{}", with_type(kind));
    }
    assert!(with_type(5).contains("tag 256 has values of type 5"), "{}", with_type(5));
}

#[test]
fn circles_of_directories_end() {
    let mut bytes = file(&sides(3, 3), 99);
    let next = 8 + 2 + 12 * 4;
    bytes[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
    assert!(check(&bytes).is_ok());
    // A directory that is below itself.
    let below = [sides(3, 3), vec![(330, 1, 8)]].concat();
    assert!(check(&file(&below, 99)).is_ok());
}

#[test]
fn a_jpeg_larger_than_its_strip_is_refused() {
    let frame = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 3, 0xE8, 3, 0xE8, 1, 1, 0x11, 0];
    let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0];
    let jpeg = [&frame[..], &scan, &[0; 4_000], &[0xFF, 0xD9]].concat();
    let strip = |side: u32, count: u32| {
        let mut tags = sides(side, side);
        tags[3].2 = 8 + 2 + 12 * 6 + 4;
        tags.extend([(COMPRESSION, 1, 7), (279, 1, count)]);
        [file(&tags, 0), jpeg.clone()].concat()
    };
    let whole = jpeg.len() as u32;
    assert_eq!(check(&strip(1_000, whole)).unwrap(), 1_000_000 + 2 * u64::from(whole));
    let of = |side, count| said(&strip(side, count));
    assert!(of(500, whole).contains("of 1000×1000 pixels, expected at most 500×500"));
    assert!(of(1_100, whole).contains("of 1000×1000 pixels, expected at least 1100×1100"));
    assert!(of(1_000, 100).contains("100 bytes cannot hold 1000×1000"));
    assert!(of(1_000, whole - 2).contains("no marker FFD9"));
}
