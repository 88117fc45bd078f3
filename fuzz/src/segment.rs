//! An index's file with words changed, whose checksums are as if they had been meant: searched, or
//! refused, but never left.

use retrieval::{Descriptor, HashCode, Index, Plan, Point, Search};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const BITS: usize = 64;
const ROWS: u64 = 600;

/// Changes words of a file of 600 codes: of each eight bytes of input, four are the place and four
/// the value. Then opens it, and asks it.
///
/// # Panics
/// If an answer has more neighbours than the file has rows.
pub fn open(input: &[u8]) {
    static WHOLE: OnceLock<(PathBuf, Vec<u8>)> = OnceLock::new();
    let (path, whole) = WHOLE.get_or_init(whole);
    let mut bytes = whole.clone();
    let words = bytes.len() / 4;
    for [p0, p1, p2, p3, value @ ..] in input.as_chunks::<8>().0 {
        let at = u32::from_le_bytes([*p0, *p1, *p2, *p3]) as usize % words * 4;
        bytes[at..at + 4].copy_from_slice(value);
    }
    std::fs::write(path, bytes).expect("a file of our own");
    let Ok((index, _)) = Index::open(path) else { return };
    let query = HashCode::from_words(&[0x0123_4567_89AB_CDEF; 4][..index.bits().div_ceil(64)], index.bits());
    let Ok(query) = query else { return };
    for k in [1, 50] {
        let found = index.nearest(&query, k).expect("a query of the index's length");
        assert!(found.len() <= k.min(index.len()), "{} neighbours of {}", found.len(), index.len());
        let point = Point { code: query, descriptor: Some(Descriptor::default()) };
        let listed = index.near_any(&[point], &Search::nearest(k), Plan::Best).expect("the same query");
        assert_eq!(listed.len(), found.len(), "a shortlist is as long");
    }
    let _ = (index.within(&query, 20), index.ids(), index.contains(7), index.code(7));
}

fn whole() -> (PathBuf, Vec<u8>) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.into() } else { std::env::temp_dir() };
    let path = folder.join(format!("skiagraph-fuzz-{}.segment", std::process::id()));
    let codes: Vec<[u64; 1]> = (0..ROWS).map(|id| [id.wrapping_mul(0x9E37_79B9_7F4A_7C15)]).collect();
    let rows = (0..).zip(&codes).map(|(id, code)| (id, &code[..], Descriptor::default()));
    let index = Index::of(rows, BITS).expect("ids that ascend");
    index.save(&path, 1).expect("a folder of our own");
    let bytes = std::fs::read(&path).expect("what was written");
    (path, bytes)
}
