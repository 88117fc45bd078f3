//! Bodies of STOW-RS, with their Content-Type: media types, parts, file meta groups, identities,
//! and the inbox.

use crate::association::{SYNTAXES, inbox};
use pacs::Event;
use pacs::dicomweb::{Limits, Receiver};
use pacs::inbox::Inbox;
use std::sync::OnceLock;

/// Receives a body: the first line of the input is its Content-Type.
pub fn receive(bytes: &[u8]) {
    static INBOX: OnceLock<(Inbox, Vec<String>)> = OnceLock::new();
    let (inbox, transfer_syntaxes) =
        INBOX.get_or_init(|| (inbox("stow"), SYNTAXES.map(String::from).into()));
    let line = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (kind, body) = bytes.split_at(line);
    let limits = Limits { max_instances: 8, max_body_bytes: 1 << 20 };
    let events = |event: &Event| {
        let said = event.to_string();
        assert!(!said.contains(char::is_control), "{said:?} cannot be logged");
    };
    let receiver = Receiver { inbox, transfer_syntaxes, limits, events: &events };
    let kind = String::from_utf8_lossy(kind);
    if let Ok(answer) = receiver.receive(&kind, &mut body.get(1..).unwrap_or_default(), "fuzzing") {
        assert!(
            matches!(answer.status, 200 | 202 | 400 | 409 | 415 | 503),
            "status {}",
            answer.status
        );
    }
}
