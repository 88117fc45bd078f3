//! The start of a JPEG 2000 code stream in its bytes, and its statements about samples.

/// SOC and SIZ: where a code stream begins. Some writers put it into boxes, as in a file of its
/// own, and not always well.
pub(in super::super) const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// Position of Ssiz of the first component (T.800 A.5.1): its bits less one, and a high bit if it
/// is signed.
const SSIZ: usize = 42;

/// A stream from its beginning.
pub(in super::super) fn from_start(stream: &[u8]) -> Option<&[u8]> {
    let start = stream.windows(START.len()).position(|four| four == START)?;
    Some(&stream[start..])
}

/// Bits of the first component, and whether it is signed; 16, unsigned, where nothing says so.
pub(in super::super) fn precision(stream: &[u8]) -> (u8, bool) {
    let size = from_start(stream).and_then(|stream| stream.get(SSIZ)).copied().unwrap_or(15);
    ((size & 0x7F) + 1, size & 0x80 != 0)
}
