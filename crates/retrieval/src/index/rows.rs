//! Codes in rows, searched for one query.

use super::nearest::Nearest;
use crate::hamming::Kernel;

/// The number of codes whose distances are computed before they are compared.
const BLOCK: usize = 256;

/// Calls back for each code that is nearer than the bound, with its position among these codes and
/// its distance.
pub(super) fn near(
    query: &[u64],
    codes: &[u64],
    nearest: &mut Nearest,
    mut tell: impl FnMut(&mut Nearest, usize, u16),
) {
    let mut distances = [0; BLOCK];
    for (start, codes) in (0..).step_by(BLOCK).zip(codes.chunks(BLOCK * query.len())) {
        let distances = &mut distances[..codes.len() / query.len()];
        Kernel::best().distances(query, codes, distances);
        for (start, distances) in (start..).step_by(64).zip(distances.chunks(64)) {
            // Most codes are too far. A fold without branches lets the compiler test many at once.
            let bound = nearest.bound();
            if !distances.iter().fold(false, |any, &distance| any | (distance < bound)) {
                continue;
            }
            for (i, &distance) in (start..).zip(distances) {
                if distance < nearest.bound() {
                    tell(nearest, i, distance);
                }
            }
        }
    }
}
