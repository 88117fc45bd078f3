//! The allocator, and how it treats memory that is freed.
#![expect(unsafe_code, reason = "the allocator's options have no safe interface")]

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// Keeps freed memory at hand, where the system's own allocator maps large blocks anew each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`; mimalloc keeps the numbers of its options from version to version.
const PURGE_DELAY: mi_option_t = 15;

/// Freed memory stays with this process from now on: for training, each step of which frees and
/// allocates the same gigabyte, and would spend a tenth of its time on pages that the system has to
/// clear again.
pub(crate) fn keep_freed() {
    // SAFETY: sets a number that the allocator reads when it frees; −1 is documented as "never".
    unsafe { mi_option_set(PURGE_DELAY, -1) }
}
