//! Marks: the elements that say that a file is de-identified, and how (PS3.3 C.7.1.1, PS3.15
//! E.1.1).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::reader::Form;
use super::writer::Writer;
use super::{Dates, EDITION, Options};
use crate::error::Result;

/// The marks, in the order of a data set.
pub(super) const MARKS: [Tag; 4] = [
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
];

/// Writes one of the marks.
pub(super) fn write(writer: &mut Writer, form: Form, mark: Tag, options: &Options) -> Result<()> {
    match mark {
        tags::PATIENT_IDENTITY_REMOVED => writer.element(form, mark, VR::CS, b"YES"),
        tags::DEIDENTIFICATION_METHOD => writer.element(form, mark, VR::LO, method().as_bytes()),
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE => method_codes(writer, form, options),
        _ => writer.element(form, mark, VR::CS, dates(options).as_bytes()),
    }
}

fn method() -> String {
    format!("Skiagraph {}: PS3.15 {EDITION} Annex E, Basic Profile", env!("CARGO_PKG_VERSION"))
}

/// PS3.3 C.7.6.1.1, (0028,0303).
fn dates(options: &Options) -> &'static str {
    match options.dates {
        Dates::Removed => "REMOVED",
        Dates::Shifted => "MODIFIED",
        Dates::Kept => "UNMODIFIED",
    }
}

/// CID 7050 of PS3.16: the profile, and each option.
fn codes(options: &Options) -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = [
        (true, "113100", "Basic Application Confidentiality Profile"),
        (
            options.dates == Dates::Kept,
            "113106",
            "Retain Longitudinal Temporal Information Full Dates Option",
        ),
        (
            options.dates == Dates::Shifted,
            "113107",
            "Retain Longitudinal Temporal Information Modified Dates Option",
        ),
        (options.keep_patient, "113108", "Retain Patient Characteristics Option"),
        (options.keep_device, "113109", "Retain Device Identity Option"),
        (options.keep_uids, "113110", "Retain UIDs Option"),
        (options.keep_institution, "113112", "Retain Institution Identity Option"),
    ];
    all.into_iter().filter_map(|(used, code, meaning)| used.then_some((code, meaning)))
}

fn method_codes(writer: &mut Writer, form: Form, options: &Options) -> Result<()> {
    writer.open_sequence(form, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, VR::SQ)?;
    for (code, meaning) in codes(options) {
        writer.open_item(form);
        writer.element(form, tags::CODE_VALUE, VR::SH, code.as_bytes())?;
        writer.element(form, tags::CODING_SCHEME_DESIGNATOR, VR::SH, b"DCM")?;
        writer.element(form, tags::CODE_MEANING, VR::LO, meaning.as_bytes())?;
        writer.close_item(form);
    }
    writer.close_sequence(form);
    Ok(())
}
