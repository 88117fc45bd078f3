//! A planted fault, for tests alone: the process dies at one file, as it would because of a file
//! that no limit foresees.
//!
//! `SKIAGRAPH_FAULT=abort-on:DIGITS` aborts when the file was read whose SHA-256 begins with these
//! hexadecimal digits, and `panic-on:DIGITS` panics. Without the variable nothing happens, so that
//! the tested program is the released one.

use std::sync::OnceLock;

use radiograph::ContentHash;

/// A way to die, and the file to die at.
struct Fault {
    panics: bool,
    /// The first digits of the file's SHA-256, in hexadecimal.
    digits: String,
}

/// Dies if the fault is planted in the file of this hash.
pub(crate) fn at(hash: ContentHash) {
    static FAULT: OnceLock<Option<Fault>> = OnceLock::new();
    let planted = FAULT.get_or_init(planted).as_ref();
    let Some(fault) = planted.filter(|fault| hash.to_string().starts_with(&fault.digits)) else {
        return;
    };
    assert!(!fault.panics, "a planted fault");
    std::process::abort();
}

fn planted() -> Option<Fault> {
    let said = std::env::var("SKIAGRAPH_FAULT").ok()?;
    let (how, digits) = said.split_once(':')?;
    let panics = match how {
        "abort-on" => false,
        "panic-on" => true,
        _ => return None,
    };
    (digits.len() >= 8).then(|| Fault { panics, digits: digits.to_owned() })
}
