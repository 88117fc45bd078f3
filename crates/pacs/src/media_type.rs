//! Media types and their parameters (RFC 2045 5.1), and the boundary of a body of parts.

/// The media type of a Content-Type header, in small letters, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    pub(crate) fn parse(text: &str) -> Self {
        let (name, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let mut parameters = Vec::new();
        while let Some((key, after)) = rest.split_once('=') {
            let (value, next) = value(after.trim_start());
            parameters.push((key.trim_matches([';', ' ', '\t']).to_ascii_lowercase(), value));
            rest = next;
        }
        Self { name: name.trim().to_ascii_lowercase(), parameters }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The boundary of a multipart body: visible characters or spaces. RFC 2046 5.1.1 has at most
    /// 70; Orthanc sends 73.
    pub(crate) fn boundary(&self) -> Option<&str> {
        self.parameter("boundary").filter(|boundary| is_boundary(boundary))
    }
}

fn is_boundary(text: &str) -> bool {
    let fits = (1..=256).contains(&text.len()) && !text.ends_with(' ');
    fits && text.bytes().all(|c| c.is_ascii_graphic() || c == b' ')
}

/// The boundary of an answer, whose first bytes are `head`. Some servers' headers name none, or a
/// wrong one, such as one with the dashes before it. Then the first line counts, if it can be a
/// boundary.
pub(crate) fn boundary_of(kind: &MediaType, head: &[u8]) -> Option<String> {
    let named = kind.boundary();
    let begun = head.trim_ascii_start().strip_prefix(b"--").and_then(|rest| {
        let line = rest.split(|&c| c == b'\n').next()?;
        str::from_utf8(line.trim_ascii_end()).ok().filter(|line| is_boundary(line))
    });
    let agree = named.zip(begun).is_none_or(|(named, begun)| {
        // A body of no parts begins with its end.
        begun.strip_suffix("--").unwrap_or(begun) == named || begun == named
    });
    if agree { named.or(begun) } else { begun }.map(str::to_owned)
}

/// The value at the start of this text, quoted or not, and what is left.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn media_types_have_parameters_in_and_out_of_quotes() {
        let parsed = MediaType::parse(
            "Multipart/Related; type=\"application/dicom\";BOUNDARY=\"a;b\\\"c\" ; start=x",
        );
        assert_eq!(parsed.name, "multipart/related");
        assert_eq!(parsed.parameter("type"), Some("application/dicom"));
        assert_eq!((parsed.boundary(), parsed.parameter("start")), (Some("a;b\"c"), Some("x")));
        assert_eq!(MediaType::parse("multipart/related; boundary=xyz").boundary(), Some("xyz"));
        for wrong in [
            "",
            "multipart/related",
            "a/b; boundary=",
            "a/b; boundary=\"a\nb\"",
            &format!("a/b;boundary={}", "x".repeat(257)),
        ] {
            assert_eq!(MediaType::parse(wrong).boundary(), None);
        }
    }

    #[test]
    fn the_first_line_goes_before_a_header_that_is_wrong() {
        let of = |kind: &str, head: &[u8]| boundary_of(&MediaType::parse(kind), head);
        for kind in [
            "multipart/related; boundary=xyz",
            "multipart/related; boundary = \"xyz\"; type=application/dicom",
            "multipart/related; boundary=\"xyz",
            "multipart/related; boundary='xyz'",
            "multipart/related; boundary=--xyz",
            "multipart/related",
            "",
        ] {
            assert_eq!(of(kind, b"--xyz \r\n\r\nabc").as_deref(), Some("xyz"), "{kind}");
        }
        let spaced = "multipart/related; boundary=DICOM DATA BOUNDARY; type=\"application/dicom\"";
        assert_eq!(of(spaced, b"\r\n--DICOM DATA BOUNDARY\r\n").unwrap(), "DICOM DATA BOUNDARY");
        assert_eq!(of("a/b; boundary=xyz", b"preamble\r\n--xyz").unwrap(), "xyz");
        assert_eq!(of("a/b; boundary=xyz", b"--xyz--\r\n").unwrap(), "xyz");
        assert_eq!(of("a/b", b"<html>"), None);
        assert_eq!(of("a/b", b"--\r\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(kind: Vec<u8>, body: Vec<u8>) {
            let kind = String::from_utf8_lossy(&kind);
            let _ = boundary_of(&MediaType::parse(&kind), &body);
            let _ = boundary_of(&MediaType::parse(&format!("a/b;boundary={kind}")), &body);
        }
    }
}
