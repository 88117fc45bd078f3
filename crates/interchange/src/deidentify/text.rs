//! Values as text.

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

/// Bytes of the longest text taken for an identifier; they have 64 characters at most.
const LONGEST: usize = 1024;

/// A text of the default character set without its padding: a UID, a code or a number; none if
/// empty.
pub(super) fn ascii(value: &[u8]) -> Option<String> {
    text(value, b"")
}

/// A text in a character set (PS3.3 C.12.1.1.2) without its padding; none if empty. Of several sets
/// the first counts, as an identifier does not change them.
pub(super) fn text(value: &[u8], character_set: &[u8]) -> Option<String> {
    let value = Some(value).filter(|value| value.len() <= LONGEST)?;
    let code = character_set.split(|&byte| byte == b'\\').next().unwrap_or_default();
    let code = str::from_utf8(code).unwrap_or_default().trim_matches(['\0', ' ']);
    let set = SpecificCharacterSet::from_code(code).unwrap_or_default();
    let text = set.decode(value).unwrap_or_else(|_| String::from_utf8_lossy(value).into_owned());
    let text = text.trim_matches(['\0', ' ']);
    (!text.is_empty()).then(|| text.to_owned())
}
