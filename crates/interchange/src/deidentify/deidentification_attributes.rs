//! The attributes that say that a file is de-identified, and how (PS3.3 C.7.1.1, PS3.15 E.1.1).

use dicom::{Layout, Writer};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::{Dates, EDITION, Options};

/// The attributes, in the order of a data set.
pub(super) const DEIDENTIFICATION_ATTRIBUTES: [Tag; 4] = [
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
];

/// Writes one of the attributes.
pub(super) fn write(writer: &mut Writer, layout: Layout, tag: Tag, options: &Options) {
    match tag {
        tags::PATIENT_IDENTITY_REMOVED => writer.element(layout, tag, VR::CS, b"YES"),
        tags::DEIDENTIFICATION_METHOD => writer.element(layout, tag, VR::LO, method().as_bytes()),
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE => method_codes(writer, layout, options),
        _ => writer.element(layout, tag, VR::CS, dates(options).as_bytes()),
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

fn method_codes(writer: &mut Writer, layout: Layout, options: &Options) {
    writer.open_sequence(layout, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, VR::SQ);
    for (code, meaning) in codes(options) {
        writer.open_item(layout);
        writer.element(layout, tags::CODE_VALUE, VR::SH, code.as_bytes());
        writer.element(layout, tags::CODING_SCHEME_DESIGNATOR, VR::SH, b"DCM");
        writer.element(layout, tags::CODE_MEANING, VR::LO, meaning.as_bytes());
        writer.close_item(layout);
    }
    writer.close_sequence(layout);
}
