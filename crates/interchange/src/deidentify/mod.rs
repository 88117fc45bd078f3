//! De-identification by DICOM PS3.15 Annex E: the Basic Application Level Confidentiality Profile, with options.
//!
//! A file becomes another file, element by element as Table E.1-1 says, sequences included; what the table does not
//! know is treated no better than what it knows. What stays has a value representation of its attribute, a value in the form of
//! that, and of code strings a defined term: a name typed into any other place goes. Pixels stay as they are, in their transfer
//! syntax, without what lies beside them: **what is burned into pixels is not cleaned**. Identifiers are replaced by keyed ones, so that files of one patient still
//! belong together for whoever used the same key, and nobody finds the way back without it.
//!
//! Files are not trusted. `dicom-object` allocates what a length claims and recurses as deep as a file likes, so elements
//! are slices of the file here, found by the header decoders of `dicom-encoding`.

mod action;
mod calendar;
mod dictionary;
mod dummy;
mod facts;
mod form;
mod key;
mod marks;
mod part10;
mod pixels;
mod profile;
mod pseudonym;
mod reader;
mod report;
mod rewrite;
mod tables;
mod terms;
mod text;
mod unlisted;
mod values;
mod verdict;
mod writer;

pub use action::Action;
pub use facts::{BurnedIn, Doubt};
pub use key::Key;
pub use profile::EDITION;
pub use pseudonym::Pseudonyms;
pub use report::Report;
pub use terms::Code;

use crate::error::{Error, Result};
use dicom_core::chrono::Days;
use facts::Facts;
use rewrite::Rewriter;

/// What becomes of dates and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// As the basic profile says: removed, emptied, or replaced by one fixed day.
    #[default]
    Removed,
    /// All of a patient moved by the same number of days, which follows from the key (PS3.15 E.3.6, modified dates).
    Shifted,
    /// Left as they are (PS3.15 E.3.6, full dates).
    Kept,
}

/// What is retained beyond the basic profile (PS3.15 E.3), and what is let through.
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
    /// Let pictures through that say, or from which it follows, that text is burned into them.
    pub allow_burned_in: bool,
    /// Bytes of a file, and of its data set when inflated.
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

/// A file without what the profile takes out of it.
pub struct Deidentified {
    /// The file.
    pub bytes: Vec<u8>,
    /// The SOP Instance UID it has now.
    pub sop_instance_uid: String,
    /// What was done.
    pub report: Report,
    /// By how many days the dates of its patient go back, where they do.
    days: Days,
}

impl Deidentified {
    /// A day of eight digits (PS3.5 6.2, DA) moved as the dates of the file's patient are; none if it is no day.
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
    /// With the key that all new identifiers follow from.
    pub fn new(key: &Key, options: Options) -> Self {
        Self { pseudonyms: Pseudonyms::new(key), options }
    }

    /// A DICOM file (PS3.10) without identities. The same file, key and options give the same bytes.
    ///
    /// # Errors
    /// If the bytes are no DICOM file that can be read whole, or more than the limit; [`Error::BurnedIn`] if the picture
    /// may name the patient and that is not allowed.
    pub fn file(&self, bytes: &[u8]) -> Result<Deidentified> {
        let source = part10::open(bytes, self.options.max_bytes)?;
        let facts = Facts::of(&source)?;
        if let Some(doubt) = facts.doubt.filter(|_| !self.options.allow_burned_in) {
            return Err(Error::BurnedIn(doubt));
        }
        let sop_instance_uid = match self.options.keep_uids && form::is_uid(&facts.sop_instance) {
            true => facts.sop_instance.clone(),
            false => self.pseudonyms.uid(&facts.sop_instance),
        };
        let mut rewriter = Rewriter::new(&self.pseudonyms, &self.options, &facts, &source.transfer_syntax);
        let data_set = rewriter.data_set(&source)?;
        let mut report = rewriter.report;
        report.burned_in = facts.burned_in;
        let bytes = part10::write(&source, &facts.sop_class, &sop_instance_uid, &data_set)?;
        let days = self.pseudonyms.days(&facts.subject);
        Ok(Deidentified { bytes, sop_instance_uid, report, days })
    }
}
