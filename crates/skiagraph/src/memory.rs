//! The allocator, and its treatment of freed memory.
#![expect(unsafe_code, reason = "the allocator's options have no safe interface")]

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// The allocator. It keeps freed memory for reuse, where the system's own maps large blocks anew
/// each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of `mi_option_purge_delay`; mimalloc keeps the numbers of its options from version to
/// version.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps freed memory with this process from now on. A step of training frees and allocates the
/// same gigabyte again, and would spend a tenth of its time on pages that the system must clear.
pub(crate) fn keep_freed() {
    // SAFETY: sets a number that the allocator reads when it frees; −1 is documented as "never".
    unsafe { mi_option_set(PURGE_DELAY, -1) }
}
