//! What has to be known of a file before the first of its elements can be rewritten.

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use serde::Serialize;

use super::dictionary::fits;
use super::form::is_uid;
use super::part10::Source;
use super::pixels::Shape;
use super::reader::{Depth, Element, Reader};
use super::text;
use crate::error::{Error, Result};

/// Why a picture itself may name the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Burned In Annotation is YES (PS3.3 C.7.6.1.1.5).
    Annotation,
    /// Burned In Annotation is there, and no clear NO.
    UnclearAnnotation,
    /// An overlay lies in unused bits of the pixels (PS3.3 C.9.2, retired), which stay as they are.
    OverlayInPixels,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Annotation => "BurnedInAnnotation is YES",
            Self::UnclearAnnotation => "BurnedInAnnotation is neither YES nor NO",
            Self::OverlayInPixels => "an overlay lies in unused bits of the pixels",
        })
    }
}

/// What a file says of burned-in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnedIn {
    /// It says that there is none.
    No,
    /// It says that there is some.
    Yes,
    /// It says something that is neither.
    Unclear,
    /// It does not say.
    #[default]
    Unknown,
}

impl BurnedIn {
    /// What two elements say together: NO if both do.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unclear, _) | (_, Self::Unclear) => Self::Unclear,
            (Self::No, _) | (_, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }
}

/// What was found in a data set.
pub(super) struct Facts {
    pub(super) sop_class: String,
    pub(super) sop_instance: String,
    pub(super) patient: Option<String>,
    /// By whom dates move together: the patient, or the study where there is no patient.
    pub(super) subject: String,
    pub(super) character_set: Vec<u8>,
    pub(super) burned_in: BurnedIn,
    pub(super) doubt: Option<Doubt>,
    /// How the picture is stored, if the data set says so.
    pub(super) shape: Option<Shape>,
}

impl Facts {
    /// Reads a data set once, without its sequences.
    ///
    /// # Errors
    /// If it does not parse, up to the picture, or is no instance.
    pub(super) fn of(source: &Source) -> Result<Self> {
        let mut found = Found::default();
        let mut reader = source.data_set();
        while !reader.is_at_end() {
            match found.look_at(&mut reader) {
                // What follows the picture need not parse.
                Err(_) if found.pixels => break,
                looked => looked?,
            }
        }
        let missing = |got| move || Error::NotDicom { got };
        let sop_class = found.class.clone().or_else(|| source.sop_class.clone()).filter(|uid| is_uid(uid));
        let sop_instance = found.instance.clone().or_else(|| source.sop_instance.clone());
        let sop_class =
            sop_class.ok_or_else(missing("neither file meta group nor data set has a SOP Class UID"))?;
        let sop_instance = sop_instance.ok_or_else(missing("neither has a SOP Instance UID"))?;
        if sop_class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
            return Err(Error::Directory);
        }
        let patient = text::text(found.patient, found.character_set);
        let subject = patient.clone().or(found.study.clone()).unwrap_or_else(|| sop_instance.clone());
        let annotated = match found.burned_in {
            BurnedIn::Yes => Some(Doubt::Annotation),
            BurnedIn::Unclear => Some(Doubt::UnclearAnnotation),
            BurnedIn::No | BurnedIn::Unknown => None,
        };
        Ok(Self {
            sop_class,
            sop_instance,
            patient,
            subject,
            character_set: found.character_set.to_owned(),
            burned_in: found.burned_in,
            doubt: annotated.or(found.overlay_in_pixels.then_some(Doubt::OverlayInPixels)),
            shape: found.shape(),
        })
    }
}

#[derive(Default)]
struct Found<'a> {
    class: Option<String>,
    instance: Option<String>,
    study: Option<String>,
    patient: &'a [u8],
    character_set: &'a [u8],
    burned_in: BurnedIn,
    overlay_in_pixels: bool,
    pixels: bool,
    /// Of Rows, Columns, Samples per Pixel and Bits Allocated.
    sides: [Option<u16>; 4],
    frames: Option<u32>,
    shared: bool,
}

impl<'a> Found<'a> {
    fn look_at(&mut self, reader: &mut Reader<'a>) -> Result<()> {
        let element = reader.element()?;
        let value = reader.value(&element, Depth::OUTERMOST)?;
        let form = reader.form;
        let short = || value.try_into().ok().filter(|_| fits(&element)).map(|bytes| form.short(bytes));
        match element.tag {
            // What follows the picture tells nothing but whether it may be shown.
            tag if self.pixels && tag != tags::BURNED_IN_ANNOTATION && !is_overlay(tag.group()) => {}
            tags::SOP_CLASS_UID => self.class = text::uid(value),
            tags::SOP_INSTANCE_UID => self.instance = text::uid(value),
            tags::STUDY_INSTANCE_UID => self.study = text::uid(value),
            tags::PATIENT_ID => self.patient = value,
            tags::SPECIFIC_CHARACTER_SET => self.character_set = value,
            tags::BURNED_IN_ANNOTATION => self.burned_in = self.burned_in.and(burned_in(&element, value)),
            tags::ROWS => self.sides[0] = short(),
            tags::COLUMNS => self.sides[1] = short(),
            tags::SAMPLES_PER_PIXEL => self.sides[2] = short(),
            tags::BITS_ALLOCATED => self.sides[3] = short(),
            tags::NUMBER_OF_FRAMES => self.frames = text::uid(value).and_then(|text| text.parse().ok()),
            tags::PHOTOMETRIC_INTERPRETATION => {
                self.shared = text::uid(value).is_some_and(|text| text.ends_with("_422"));
            }
            tags::PIXEL_DATA => self.pixels = true,
            // Overlay Bit Position: 0 for an overlay that has data of its own.
            Tag(group, 0x0102) if is_overlay(group) => {
                self.overlay_in_pixels |= value.iter().any(|&byte| byte != 0)
            }
            _ => {}
        }
        Ok(())
    }

    fn shape(&self) -> Option<Shape> {
        let [rows, columns, samples, allocated] = self.sides;
        let frames = self.frames.unwrap_or(1).max(1);
        // One sample where nobody says, as old files do not.
        let samples = samples.unwrap_or(1);
        Some(Shape {
            rows: rows?,
            columns: columns?,
            samples,
            allocated: allocated?,
            frames,
            shared: self.shared,
        })
    }
}

/// What an element says: NO and YES alone are clear, padded with spaces where they are padded (PS3.5 6.2).
fn burned_in(element: &Element, value: &[u8]) -> BurnedIn {
    let start = value.iter().position(|&byte| byte != b' ').unwrap_or(value.len());
    let end = value.iter().rposition(|&byte| byte != b' ').map_or(start, |last| last + 1);
    match &value[start..end] {
        b"NO" if fits(element) => BurnedIn::No,
        b"YES" => BurnedIn::Yes,
        _ => BurnedIn::Unclear,
    }
}

/// Whether a group is one of overlays (PS3.5 7.6).
pub(super) fn is_overlay(group: u16) -> bool {
    group & 0xFF00 == 0x6000
}
