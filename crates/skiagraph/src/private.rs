//! The modes of the files that this process writes.
#![cfg_attr(
    unix,
    expect(unsafe_code, reason = "the standard library has no mask of new files' modes")
)]

/// Makes all later files and folders private to their owner, also those of SQLite and every
/// library: they may hold pictures and names of patients. It must be called before there are other
/// threads.
pub(crate) fn keep_new_files_private() {
    #[cfg(unix)]
    // SAFETY: sets one number of the process, cannot fail, and takes no pointer.
    unsafe {
        libc::umask(0o077)
    };
}
