//! Retrieval of series by C-FIND and C-MOVE: a PACS sends them to a listener of this program, which
//! receives meanwhile.

use super::{Level, Match, Peer};
use crate::error::Result;
use crate::event::Events;
use crate::inbox::{Counts, Inbox};
use crate::query::Query;
use crate::receive::Fetched;
use crate::scp::Listener;
use dicom_dictionary_std::tags;
use std::thread;

impl Peer {
    /// Has the peer send each series that matches, at most `limit`, to the listener. Its AE title
    /// and address must be those that the peer knows of this program.
    ///
    /// # Errors
    /// Those of [`Peer::series`], [`Peer::move_to`], [`Listener::serve`] and [`Inbox::counts`].
    pub fn pull(
        &self,
        query: &Query,
        limit: usize,
        listener: &Listener,
        inbox: &Inbox,
        events: Events,
    ) -> Result<Fetched> {
        let before = inbox.counts()?;
        let passed_over = thread::scope(|scope| {
            let listening = scope.spawn(|| listener.serve(inbox, events));
            let moved = self.move_series(query, limit);
            listener.stopper().stop();
            listening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            moved
        })?;
        let after = inbox.counts()?;
        let kept = |of: Counts| of.waiting + of.taken + of.failed + of.done;
        let differing = after.differing - before.differing;
        Ok(Fetched { new: kept(after) - kept(before), known: 0, differing, passed_over })
    }

    /// Asks for every series that matches. Returns the number of instances that the peer could not
    /// send.
    fn move_series(&self, query: &Query, limit: usize) -> Result<u64> {
        let mut failed = 0;
        for [study, series] in self.series(query, limit)? {
            let uids = Match::from([
                (tags::STUDY_INSTANCE_UID, study),
                (tags::SERIES_INSTANCE_UID, series),
            ]);
            failed += u64::from(self.move_to(&self.calling, Level::Series, &uids)?.failed);
        }
        Ok(failed)
    }
}
