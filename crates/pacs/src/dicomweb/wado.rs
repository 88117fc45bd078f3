//! WADO-RS (PS3.18 10.4): instances of a server into the inbox.

use super::Client;
use super::qido::{Found, Instance};
use crate::error::{Error, Result};
use crate::event::Events;
use crate::inbox::Inbox;
use crate::multipart::{MediaType, Multipart};
use crate::query::Query;
use crate::receive::{Fetched, Received, concerns_one, receive};
use crate::uids::is_image_storage;

/// Files as the server keeps them (PS3.18 8.7.3.3): what is transcoded on the way is no better.
const ACCEPT: &str = r#"multipart/related; type="application/dicom"; transfer-syntax=*"#;

impl Client {
    /// Fetches what fits the query and is not known yet, of at most `limit` series. What goes wrong
    /// with one instance is an event; running it again goes on where it stopped.
    ///
    /// # Errors
    /// Those of [`Client::series`]; [`Error::OutOfSpace`] and [`Error::File`] of the inbox.
    pub fn pull(
        &self,
        query: &Query,
        limit: usize,
        inbox: &Inbox,
        events: Events,
    ) -> Result<Fetched> {
        let mut fetched = Fetched::default();
        for series in self.series(query, limit)? {
            self.pull_series(&series, inbox, events, &mut fetched)?;
        }
        Ok(fetched)
    }

    fn pull_series(
        &self,
        series: &Found,
        inbox: &Inbox,
        events: Events,
        fetched: &mut Fetched,
    ) -> Result<()> {
        for instance in self.instances(series)? {
            if inbox.knows(&instance.sop_instance)? {
                fetched.known += 1;
                continue;
            }
            if let Some(class) =
                instance.sop_class.as_ref().filter(|class| !is_image_storage(class))
            {
                fetched.pass_over(
                    Error::NoImage { sop_class: class.clone() }.to_string(),
                    self.http.host(),
                    events,
                );
                continue;
            }
            match self.retrieve(series, &instance, inbox) {
                Ok(received) => fetched.count(&received, self.http.host(), events),
                Err(error) if concerns_one(&error) || is_gone(&error) => {
                    fetched.pass_over(error.to_string(), self.http.host(), events);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn retrieve(
        &self,
        Found { study, series }: &Found,
        instance: &Instance,
        inbox: &Inbox,
    ) -> Result<Received> {
        let path = format!("/studies/{study}/series/{series}/instances/{}", instance.sop_instance);
        let mut response = self.http.get(&path, ACCEPT)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(self.http.refused(&path, status));
        }
        let kind = response
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = MediaType::parse(kind);
        let body = response.body_mut().as_reader();
        // An instance that was not asked for is none that may be kept.
        let asked_for = |identity: &crate::part10::Identity| {
            let same = identity.sop_instance == instance.sop_instance;
            if same { Ok(()) } else { Err(Error::Mismatch { attribute: "SOPInstanceUID" }) }
        };
        match (kind.name.as_str(), kind.boundary()) {
            ("multipart/related", Some(boundary)) => {
                let mut parts = Multipart::new(body, boundary);
                parts.next_part()?.ok_or(Error::Multipart { got: "no part at all" })?;
                receive(&mut parts, inbox, asked_for)
            }
            ("application/dicom", _) => receive(&mut { body }, inbox, asked_for),
            _ => {
                let expected = "multipart/related with a boundary, or application/dicom";
                Err(self.http.answer(&path, "another media type".to_owned(), expected))
            }
        }
    }
}

/// Deleted between the list and the fetching.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::HttpStatus { status: 404 | 410, .. })
}
