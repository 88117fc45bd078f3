//! Links that open a case in a viewer. Nothing but its UIDs is in them.

use std::str::FromStr;

use dicom::is_uid;

use crate::error::{Error, Result};

/// The path and query of OHIF's viewer (<https://docs.ohif.org/configuration/url/>).
const OHIF: &str = "/viewer?StudyInstanceUIDs={study}";
const PLACES: [&str; 3] = ["{study}", "{series}", "{instance}"];

/// A viewer's address with places for UIDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    template: String,
}

impl FromStr for Viewer {
    type Err = Error;

    /// An address with `{study}` and perhaps `{series}` and `{instance}` in it; one without is that
    /// of an OHIF.
    ///
    /// # Errors
    /// [`Error::Viewer`] if it is no address of HTTP, names a user, or has other places.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |got: &str, expected| Err(Error::Viewer { got: got.to_owned(), expected });
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(host) =
            host.filter(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic()))
        else {
            return wrong("no host", "http:// or https:// and a host, in plain characters");
        };
        if host.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@')) {
            return wrong("a user in it", "none: who looks at a case logs in there");
        }
        let rest = PLACES.iter().fold(text.to_owned(), |rest, place| rest.replace(place, ""));
        if rest.contains(['{', '}']) {
            return wrong(
                "an unknown place in braces",
                "{study}, {series} and {instance} alone: UIDs name no patient",
            );
        }
        if rest.len() == text.len() {
            return Ok(Self { template: format!("{}{OHIF}", text.trim_end_matches('/')) });
        }
        Ok(Self { template: text.to_owned() })
    }
}

impl Viewer {
    /// The link to a case; none if a UID that has a place is not known.
    pub fn link(
        &self,
        study: Option<&str>,
        series: Option<&str>,
        instance: Option<&str>,
    ) -> Option<String> {
        PLACES.iter().zip([study, series, instance]).try_fold(
            self.template.clone(),
            |link, (place, uid)| {
                if !link.contains(place) {
                    return Some(link);
                }
                uid.filter(|uid| is_uid(uid)).map(|uid| link.replace(place, uid))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_go_where_they_belong() {
        let viewer: Viewer = "https://ohif.example/".parse().unwrap();
        let link = viewer.link(Some("1.2.3"), None, None);
        assert_eq!(link.as_deref(), Some("https://ohif.example/viewer?StudyInstanceUIDs=1.2.3"));
        let viewer: Viewer = "http://pacs/{study}/{series}?i={instance}&s={study}".parse().unwrap();
        let link = viewer.link(Some("1.2"), Some("1.3"), Some("1.4"));
        assert_eq!(link.as_deref(), Some("http://pacs/1.2/1.3?i=1.4&s=1.2"));
        assert_eq!(viewer.link(Some("1.2"), None, Some("1.4")), None);
    }

    #[test]
    fn nothing_else_goes_in() {
        let viewer: Viewer = "https://ohif.example".parse().unwrap();
        for wrong in ["", "1.2&x=y", "1.2/../..", "PATIENT^NAME"] {
            assert_eq!(viewer.link(Some(wrong), None, None), None);
        }
        for wrong in [
            "ftp://x",
            "javascript:alert(1)",
            "https://",
            "https://a:b@host",
            "https://x/{patient}",
            "https://x/{study",
            "https://a b",
        ] {
            assert!(wrong.parse::<Viewer>().is_err(), "{wrong}");
        }
        assert!("https://host/@x?u=a@b".parse::<Viewer>().is_ok());
    }
}
