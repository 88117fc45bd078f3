//! The counts of what a listener received, and the report of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use ingest::IngestCounts;
use pacs::inbox::Stored;
use pacs::{Event, SharedEvents};
use serde::Serialize;

use crate::commands::pacs::inbox::tell_of_deadly;
use crate::output;

/// The report of a session.
#[derive(Serialize)]
struct Report {
    /// The number of instances that were new and are durable.
    received: u64,
    /// The number of instances that were known.
    repeated: u64,
    /// The number of known instances whose data set differs from the first under their UID, which
    /// is kept.
    differing: u64,
    /// The number of instances that were refused.
    refused: u64,
    #[serde(flatten)]
    taken: IngestCounts,
    /// Names of instances that were put aside, now or earlier, because processes died while working
    /// on them.
    set_aside: Vec<String>,
}

/// The counts of what a listener received.
#[derive(Default)]
pub(super) struct Received {
    new: AtomicU64,
    known: AtomicU64,
    differing: AtomicU64,
    refused: AtomicU64,
}

impl Received {
    /// The listener for events, which counts them.
    pub(super) fn listener(self: &Arc<Self>) -> SharedEvents {
        let received = Arc::clone(self);
        Arc::new(move |event| received.hear(event))
    }

    fn hear(&self, event: &Event) {
        output::note(&event.to_string());
        let count = match event {
            Event::Stored { stored: Stored::New, .. } => &self.new,
            Event::Stored { stored, .. } => {
                self.differing.fetch_add(u64::from(*stored == Stored::Differs), Ordering::Relaxed);
                &self.known
            }
            Event::Refused { .. } => &self.refused,
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Prints the report.
    pub(super) fn report(
        &self,
        taken: IngestCounts,
        set_aside: Vec<String>,
        json: bool,
    ) -> Result<()> {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (received, repeated, refused) =
            (count(&self.new), count(&self.known), count(&self.refused));
        let differing = count(&self.differing);
        if json {
            return output::json(&Report {
                received,
                repeated,
                differing,
                refused,
                taken,
                set_aside,
            });
        }
        tell_of_deadly(&set_aside);
        output::text(&format!(
            "received {received}, known before {repeated}, refused {refused}; encoded {}, failed {}",
            taken.added, taken.failed
        ))?;
        match differing {
            0 => Ok(()),
            count => output::text(&format!(
                "another data set under a known UID: kept the first ({count} in all)"
            )),
        }
    }
}
