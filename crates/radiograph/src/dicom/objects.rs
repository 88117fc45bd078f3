//! Kinds of DICOM objects that hold no radiograph, by their SOP class (PS3.4 B.5, PS3.6 A).

use super::header::Elements;
use crate::error::{Error, Result, quoted};
use dicom::FileMeta;
use dicom_dictionary_std::tags;

/// The start of the UIDs of storage classes.
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
/// The start of all UIDs of the standard.
const STANDARD: &str = "1.2.840.10008.";

/// Kinds by what follows [`STORAGE`]; a class belongs to the first of these that it is, or that it
/// continues after a dot.
const KINDS: &[(&str, &str)] = &[
    ("88.59", "a key object selection"),
    ("88", "a structured report"),
    ("11", "a presentation state"),
    ("104", "an encapsulated document"),
    ("9", "a waveform"),
    ("481.2", DOSE),
    ("481.1", RT_IMAGE),
    ("481", "a radiotherapy object"),
    ("66.1", "a spatial registration"),
    ("66.2", "a list of spatial fiducials"),
    ("66.3", "a spatial registration"),
    ("66.5", "a surface segmentation"),
    ("66", SEGMENTATION),
    ("30", MAP),
    ("67", "a real world value mapping"),
    ("68", "a surface scan"),
    ("4.2", "a spectrum"),
    ("8", "an overlay without a picture"),
    ("10", "a look-up table without a picture"),
    ("78", "a measurement of an eye"),
    ("79", "a report on an eye"),
    ("80", "a measurement of an eye"),
    ("90", "an assessment"),
    ("91", "a set of annotations"),
    ("131", "a layout of displays"),
    ("200", "a protocol of examinations"),
    ("201", "an inventory"),
];
/// The classes that are not below the storage classes' common root.
const OTHERS: &[(&str, &str)] = &[
    ("1.2.840.10008.1.3.10", "a table of contents (DICOMDIR)"),
    ("1.2.840.10008.5.1.4.38.1", "a hanging protocol"),
    ("1.2.840.10008.5.1.4.39.1", "a palette"),
    ("1.2.840.10008.5.1.4.43.1", "a template of an implant"),
    ("1.2.840.10008.5.1.4.44.1", "a template of an implant"),
    ("1.2.840.10008.5.1.4.45.1", "a template of an implant"),
    ("1.2.840.10008.5.1.4.34", "a radiotherapy object"),
];
const DOSE: &str = "a radiotherapy dose";
const SEGMENTATION: &str = "a segmentation";
const MAP: &str = "a parametric map";
/// A radiograph that is named as other objects are.
const RT_IMAGE: &str = "a radiotherapy image";
/// Kinds whose pixels are no picture.
const WITH_PIXELS: [&str; 3] = [DOSE, SEGMENTATION, MAP];

/// Kinds by Modality, where the class does not tell.
const MODALITIES: &[(&str, &str)] = &[
    ("SR", "a structured report"),
    ("KO", "a key object selection"),
    ("PR", "a presentation state"),
    ("DOC", "an encapsulated document"),
    ("ECG", "a waveform"),
    ("HD", "a waveform"),
    ("EPS", "a waveform"),
    ("AU", "a waveform"),
    ("RTDOSE", DOSE),
    ("RTPLAN", "a radiotherapy object"),
    ("RTSTRUCT", "a radiotherapy object"),
    ("RTRECORD", "a radiotherapy object"),
    ("REG", "a spatial registration"),
    ("SEG", SEGMENTATION),
    ("FID", "a list of spatial fiducials"),
    ("RWV", "a real world value mapping"),
    ("PLAN", "a plan"),
    ("M3D", "a model"),
];

/// Refuses an object that holds no picture.
///
/// # Errors
/// [`Error::NoPicture`] with its kind.
pub(super) fn check(meta: &FileMeta, elements: &Elements) -> Result<()> {
    let class =
        elements.text(tags::SOP_CLASS_UID).or_else(|| meta.sop_class.clone()).unwrap_or_default();
    let kind = of_class(&class);
    let has_pixels = elements.pixels.is_some();
    let has_sides = elements.bytes(tags::ROWS).is_some() && elements.bytes(tags::COLUMNS).is_some();
    let kind = match kind {
        Some(kind) if WITH_PIXELS.contains(&kind) => Some(kind),
        Some(RT_IMAGE) => None,
        _ if has_pixels => None,
        Some(kind) => Some(kind),
        None if has_sides => None,
        None => of_modality(elements)
            .or((!class.is_empty() && !class.starts_with(STANDARD)).then_some("a private object")),
    };
    kind.map_or(Ok(()), |kind| {
        let uid = if class.is_empty() { "missing".to_owned() } else { quoted(&class) };
        Err(Error::NoPicture { kind, uid })
    })
}

fn of_class(class: &str) -> Option<&'static str> {
    let find = |kinds: &[(&str, &'static str)], class: &str| {
        let is = |start: &str| {
            class.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        kinds.iter().find(|(start, _)| is(start)).map(|&(_, kind)| kind)
    };
    match class.strip_prefix(STORAGE) {
        Some(rest) => find(KINDS, rest),
        None => find(OTHERS, class),
    }
}

fn of_modality(elements: &Elements) -> Option<&'static str> {
    let modality = elements.text(tags::MODALITY)?.to_ascii_uppercase();
    MODALITIES.iter().find(|(name, _)| *name == modality).map(|&(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_kinds_and_those_of_pictures_have_none() {
        let kind = |class: &str| of_class(&format!("{STORAGE}{class}"));
        for (class, expected) in [
            ("88.33", "a structured report"),
            ("88.59", "a key object selection"),
            ("11.1", "a presentation state"),
            ("104.1", "an encapsulated document"),
            ("9.1.1", "a waveform"),
            ("481.3", "a radiotherapy object"),
            ("481.2", "a radiotherapy dose"),
            ("481.1", RT_IMAGE),
            ("66.4", "a segmentation"),
        ] {
            assert_eq!(kind(class), Some(expected), "{class}");
        }
        for class in
            ["1", "1.1", "1.1.1", "1.2", "7", "7.2", "12.1", "13.1.3", "2", "128", "77.1.4"]
        {
            assert_eq!(kind(class), None, "{class}");
        }
        assert_eq!(of_class("1.2.840.10008.1.3.10"), Some("a table of contents (DICOMDIR)"));
        assert_eq!(of_class("1.2.840.10008.5.1.4.1.1"), None);
    }
}
