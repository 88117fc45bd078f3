//! An entry of the audit log. The numbers of pictures are all that it has of a patient.

use serde::{Deserialize, Serialize};

/// An access, or an event of the log itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The time: RFC 3339, UTC.
    pub time: String,
    /// The request as method and route, such as `POST /api/v1/search`; or `log begins`, `log goes
    /// on`, `log repaired`.
    pub action: String,
    /// The id of the caller's key. Missing if there are no keys, or none that is known was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The caller's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The HTTP status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The ids of the gallery's pictures that were shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<u64>,
    /// The server's ids of the query's pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<String>,
    /// The saved answer that was made, read or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// In a file's first entry, the hash that it continues from. In a repair, the SHA-256 of the
    /// part of a line that a power cut left, which stands in the line before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// The action of a log's first entry.
pub(super) const BEGINS: &str = "log begins";
/// The action of the first entry of a later file.
pub(super) const GOES_ON: &str = "log goes on";
/// The action of an entry after a line that was cut off.
pub(super) const REPAIRED: &str = "log repaired";

impl Entry {
    /// An entry of now.
    pub(crate) fn now(action: impl Into<String>) -> Self {
        let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        Self { time, action: action.into(), ..Self::default() }
    }
}
