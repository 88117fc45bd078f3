//! Inputs of one format, where one is asked for by the variable `FORMAT`: `png` or `tiff` of files,
//! `jpeg2000`, `htj2k`, `jpeg-lossless` or `jpeg-ls` of frames.

use std::sync::LazyLock;

static FORMAT: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("FORMAT").ok());

/// Whether a file is tried.
pub fn file(bytes: &[u8]) -> bool {
    match FORMAT.as_deref() {
        Some("png") => bytes.starts_with(b"\x89PNG"),
        Some("tiff") => matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
        _ => true,
    }
}

/// Whether an input of the target `frame`, whose first byte chooses the transfer syntax, is tried.
pub fn frame(input: &[u8]) -> bool {
    let syntax = input.first().map(|&byte| crate::frame::syntax(byte));
    match FORMAT.as_deref() {
        Some("jpeg2000") => matches!(syntax, Some("1.2.840.10008.1.2.4.90" | "1.2.840.10008.1.2.4.91")),
        Some("htj2k") => syntax.is_some_and(|syntax| syntax.starts_with("1.2.840.10008.1.2.4.20")),
        Some("jpeg-lossless") => matches!(syntax, Some("1.2.840.10008.1.2.4.57" | "1.2.840.10008.1.2.4.70")),
        Some("jpeg-ls") => matches!(syntax, Some("1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81")),
        _ => true,
    }
}
