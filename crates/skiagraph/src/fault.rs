//! A planted fault: the process dies at one file, as it would of a file that no limit foresees. For tests alone.
//!
//! `SKIAGRAPH_FAULT=abort-on:DIGITS` aborts when the file is read whose SHA-256 begins with these hexadecimal digits.
//! Nothing happens where the variable is not set, so that released programs, which are what is tested, behave as ever.

use std::sync::OnceLock;

use radiograph::ContentHash;

/// Dies if the fault is planted in the file of this hash.
pub(crate) fn at(hash: ContentHash) {
    static DEADLY: OnceLock<Option<String>> = OnceLock::new();
    let deadly = DEADLY.get_or_init(|| {
        let planted = std::env::var("SKIAGRAPH_FAULT").ok()?;
        planted.strip_prefix("abort-on:").filter(|digits| digits.len() >= 8).map(str::to_owned)
    });
    if deadly.as_ref().is_some_and(|digits| hash.to_string().starts_with(digits)) {
        std::process::abort();
    }
}
