//! Orthanc's feed of changes: the instances that it has received since the last look.
//!
//! `GET /changes?since=…&limit=…` lists changes by a sequence number that only grows. The inbox
//! keeps the number up to which it has everything. So a feed continues after any pause, and an
//! instance listed twice is stored once.

use crate::error::{Error, Result};
use crate::event::Events;
use crate::http::{Http, Server};
use crate::inbox::Inbox;
use crate::receive::{Fetched, Received, concerns_one, receive};
use serde::Deserialize;

/// The number of changes in a request.
const PAGE: u64 = 100;

/// The changes of one Orthanc.
#[derive(Debug)]
pub struct Changes {
    http: Http,
    /// The name under which the inbox keeps the position.
    feed: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    changes: Vec<Change>,
    done: bool,
    last: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    change_type: String,
    #[serde(rename = "ID")]
    id: String,
    seq: u64,
}

impl Changes {
    /// Makes the feed of a server. The address is that of Orthanc's own API, such as
    /// `http://orthanc.example:8042`.
    ///
    /// # Errors
    /// [`Error::Setting`] if the address is none, [`Error::Tls`] if its authorities cannot be read.
    pub fn new(server: &Server) -> Result<Self> {
        let http = Http::new(server)?;
        let feed = format!("orthanc {}", http.base());
        Ok(Self { http, feed })
    }

    /// Fetches all instances that have arrived since the last time, and remembers its position
    /// after each page. To follow the feed, call it again and again.
    ///
    /// # Errors
    /// [`Error::Http`], [`Error::HttpStatus`], [`Error::Answer`]; [`Error::OutOfSpace`] and
    /// [`Error::File`] of the inbox. What was fetched stays, and the next call goes on there.
    pub fn pull(&self, inbox: &Inbox, events: Events) -> Result<Fetched> {
        let mut fetched = Fetched::default();
        let mut since = self.start(inbox)?;
        loop {
            let page = self.page(since)?;
            for change in page.changes.iter().filter(|change| change.change_type == "NewInstance") {
                self.fetch(&change.id, inbox, events, &mut fetched)?;
            }
            // An answer that does not advance would be requested without end.
            let last = page
                .changes
                .iter()
                .map(|change| change.seq)
                .chain([page.last])
                .max()
                .unwrap_or(since);
            if last > since {
                inbox.set_position(&self.feed, last)?;
                since = last;
            } else if !page.done {
                let got = format!("no change after {since}, and more to come");
                return Err(self.http.answer(
                    "/changes",
                    got,
                    "changes in the order of their numbers",
                ));
            }
            if page.done {
                return Ok(fetched);
            }
        }
    }

    /// The position to begin at: the last one. If the server has begun anew since, its numbers are
    /// lower, and it is 0.
    fn start(&self, inbox: &Inbox) -> Result<u64> {
        let since = inbox.position(&self.feed)?.unwrap_or(0);
        let newest: Page = self.get("/changes?last")?;
        Ok(if newest.last < since { 0 } else { since })
    }

    fn page(&self, since: u64) -> Result<Page> {
        self.get(&format!("/changes?since={since}&limit={PAGE}"))
    }

    fn get(&self, path: &str) -> Result<Page> {
        let page = self.http.json(path, "application/json")?;
        page.ok_or_else(|| self.http.answer(path, "nothing".to_owned(), "changes"))
    }

    fn fetch(&self, id: &str, inbox: &Inbox, events: Events, fetched: &mut Fetched) -> Result<()> {
        match self.retrieve(id, inbox) {
            Ok(received) => fetched.count(&received, self.http.host(), events),
            // The instance was deleted since, which is another change.
            Err(error @ Error::HttpStatus { status: 404, .. }) => {
                fetched.pass_over(error.to_string(), self.http.host(), events);
            }
            Err(error) if concerns_one(&error) => {
                fetched.pass_over(error.to_string(), self.http.host(), events);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn retrieve(&self, id: &str, inbox: &Inbox) -> Result<Received> {
        // Orthanc's own names are hashes; anything else does not belong in an address.
        if id.len() > 64 || !id.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-') {
            return Err(self.http.answer(
                "/changes",
                "another name of an instance".to_owned(),
                "a hash",
            ));
        }
        let path = format!("/instances/{id}/file");
        let mut response = self.http.get(&path, "application/dicom")?;
        match response.status().as_u16() {
            200 => receive(&mut response.body_mut().as_reader(), inbox, |_| Ok(())),
            status => Err(self.http.refused(&path, status)),
        }
    }
}
