//! De-identification by DICOM PS3.15 Annex E: the Basic Application Level Confidentiality Profile,
//! with options.
//!
//! Table E.1-1 decides on each element of a file, in sequences too. An element that the table or
//! the dictionary lacks is treated no better than its like in the table. A value stays only under a
//! value representation of its attribute, and in the form of that representation. A code string
//! must be a defined term. So a name that was typed into another field is removed.
//!
//! Pixels stay as they are, in their transfer syntax; bytes that lie beside them are removed.
//! **Text that is burned into pixels is not cleaned.** Keyed identifiers replace the original ones:
//! under one key, files of one patient still belong together; without the key there is no way back.
//!
//! Files are not trusted. `dicom-object` allocates what a length claims and recurses as deep as a
//! file likes. So elements are slices of the file here, as the crate `dicom` reads them.

mod action;
mod calendar;
mod deidentification_attributes;
mod dictionary;
mod dummy;
mod form;
mod instance_summary;
mod key;
mod part10;
mod permitted;
mod pixels;
mod profile;
mod pseudonym;
mod report;
mod rewrite;
mod rows;
mod tables;
mod terms;
mod unlisted;
mod values;
mod verdict;

pub use action::Action;
pub use instance_summary::BurnedIn;
pub use key::Key;
pub use profile::EDITION;
pub use pseudonym::Pseudonyms;
pub use report::Report;
pub use terms::Code;

use crate::error::{Error, Result};
use dicom_core::chrono::Days;
use instance_summary::InstanceSummary;
use rewrite::Rewriter;

/// The treatment of dates and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// Dates are treated as the basic profile says: removed, emptied, or replaced by one fixed day.
    #[default]
    Removed,
    /// All dates of a patient are moved by the same number of days, which follows from the key
    /// (PS3.15 E.3.6, modified dates).
    Shifted,
    /// Dates are left as they are (PS3.15 E.3.6, full dates).
    Kept,
}

/// Options that retain more than the basic profile (PS3.15 E.3) or let more through, and a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Dates and times.
    pub dates: Dates,
    /// Retain Device Identity: which machine took the picture.
    pub keep_device: bool,
    /// Retain Institution Identity.
    pub keep_institution: bool,
    /// Retain Patient Characteristics: sex, age, size, weight.
    pub keep_patient: bool,
    /// Retain UIDs.
    pub keep_uids: bool,
    /// Let pictures through that say that text is burned into them, that do not clearly say that
    /// none is, or that have an overlay in their pixels.
    pub allow_burned_in: bool,
    /// The most bytes of a file, and of its data set when inflated.
    pub max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dates: Dates::Removed,
            keep_device: false,
            keep_institution: false,
            keep_patient: false,
            keep_uids: false,
            allow_burned_in: false,
            max_bytes: 512 << 20,
        }
    }
}

/// A file without identities.
pub struct Deidentified {
    /// The file.
    pub bytes: Vec<u8>,
    /// The new SOP Instance UID.
    pub sop_instance_uid: String,
    /// A count of what was done.
    pub report: Report,
    /// The number of days by which dates of its patient go back under [`Dates::Shifted`].
    days: Days,
}

impl Deidentified {
    /// A date of eight digits (PS3.5 6.2, DA) moved as [`Dates::Shifted`] moves the dates of the
    /// file's patient; none if it is no date.
    #[must_use]
    pub fn moved(&self, date: &str) -> Option<String> {
        calendar::earlier(date, self.days)
    }
}

/// Takes identities out of DICOM files.
pub struct Deidentifier {
    pseudonyms: Pseudonyms,
    options: Options,
}

impl Deidentifier {
    /// A de-identifier; all new identifiers follow from the key.
    pub fn new(key: &Key, options: Options) -> Self {
        Self { pseudonyms: Pseudonyms::new(key), options }
    }

    /// A DICOM file (PS3.10) without identities. The same file, key and options give the same
    /// bytes.
    ///
    /// # Errors
    /// If the bytes are no DICOM file that can be read up to the end of its picture, or more than
    /// the limit; [`Error::BurnedIn`] if the picture may name the patient and that is not allowed;
    /// [`Error::Frames`] if compressed pixels cannot be scrubbed.
    pub fn file(&self, bytes: &[u8]) -> Result<Deidentified> {
        let source = part10::open(bytes, self.options.max_bytes)?;
        let summary = InstanceSummary::of(&source)?;
        if let Some(doubt) = summary.doubt.filter(|_| !self.options.allow_burned_in) {
            return Err(Error::BurnedIn(doubt));
        }
        let sop_instance_uid =
            match self.options.keep_uids && form::is_strict_uid(&summary.sop_instance) {
                true => summary.sop_instance.clone(),
                false => self.pseudonyms.uid(&summary.sop_instance),
            };
        let mut rewriter =
            Rewriter::new(&self.pseudonyms, &self.options, &summary, &source.transfer_syntax);
        let data_set = rewriter.data_set(&source)?;
        let mut report = rewriter.report;
        report.burned_in = summary.burned_in;
        let bytes = part10::write(&source, &summary.sop_class, &sop_instance_uid, &data_set)?;
        let days = self.pseudonyms.days(&summary.subject);
        Ok(Deidentified { bytes, sop_instance_uid, report, days })
    }
}
