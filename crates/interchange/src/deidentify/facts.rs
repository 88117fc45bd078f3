//! What has to be known of a file before the first of its elements can be rewritten.

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use serde::Serialize;

use super::part10::Source;
use super::reader::{Depth, Reader};
use super::text;
use crate::error::{Error, Result};

/// Why a picture itself may name the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Burned In Annotation is YES (PS3.3 C.7.6.1.1.5).
    Annotation,
    /// An overlay lies in unused bits of the pixels (PS3.3 C.9.2, retired), which stay as they are.
    OverlayInPixels,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Annotation => "BurnedInAnnotation is YES",
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
    /// It does not say.
    #[default]
    Unknown,
}

/// What was found in a data set.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) sop_class: String,
    pub(super) sop_instance: String,
    pub(super) patient: Option<String>,
    /// By whom dates move together: the patient, or the study where there is no patient.
    pub(super) subject: String,
    pub(super) character_set: Vec<u8>,
    pub(super) burned_in: BurnedIn,
    pub(super) doubt: Option<Doubt>,
}

impl Facts {
    /// Reads a data set once, without its sequences.
    ///
    /// # Errors
    /// If it does not parse, up to the picture, or is no instance.
    pub(super) fn of(source: &Source) -> Result<Self> {
        let mut found = Found::default();
        let mut reader = source.data_set();
        while !reader.is_at_end() && !found.pixels {
            found.look_at(&mut reader)?;
        }
        let missing = |got| move || Error::NotDicom { got };
        let sop_class = found.class.or_else(|| source.sop_class.clone());
        let sop_instance = found.instance.or_else(|| source.sop_instance.clone());
        let sop_class =
            sop_class.ok_or_else(missing("neither file meta group nor data set has a SOP Class UID"))?;
        let sop_instance = sop_instance.ok_or_else(missing("neither has a SOP Instance UID"))?;
        if sop_class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
            return Err(Error::Directory);
        }
        let patient = text::text(found.patient, found.character_set);
        let subject = patient.clone().or(found.study).unwrap_or_else(|| sop_instance.clone());
        let annotated = (found.burned_in == BurnedIn::Yes).then_some(Doubt::Annotation);
        Ok(Self {
            sop_class,
            sop_instance,
            patient,
            subject,
            character_set: found.character_set.to_owned(),
            burned_in: found.burned_in,
            doubt: annotated.or(found.overlay_in_pixels.then_some(Doubt::OverlayInPixels)),
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
}

impl<'a> Found<'a> {
    fn look_at(&mut self, reader: &mut Reader<'a>) -> Result<()> {
        let element = reader.element()?;
        let value = reader.value(&element, Depth::OUTERMOST)?;
        match element.tag {
            tags::SOP_CLASS_UID => self.class = text::uid(value),
            tags::SOP_INSTANCE_UID => self.instance = text::uid(value),
            tags::STUDY_INSTANCE_UID => self.study = text::uid(value),
            tags::PATIENT_ID => self.patient = value,
            tags::SPECIFIC_CHARACTER_SET => self.character_set = value,
            tags::BURNED_IN_ANNOTATION => self.burned_in = burned_in(value),
            tags::PIXEL_DATA => self.pixels = true,
            // Overlay Bit Position: 0 for an overlay that has data of its own.
            Tag(group, 0x0102) if is_overlay(group) => {
                self.overlay_in_pixels |= value.iter().any(|&byte| byte != 0)
            }
            _ => {}
        }
        Ok(())
    }
}

fn burned_in(value: &[u8]) -> BurnedIn {
    match value.trim_ascii() {
        b"NO" => BurnedIn::No,
        b"YES" => BurnedIn::Yes,
        _ => BurnedIn::Unknown,
    }
}

/// Whether a group is one of overlays (PS3.5 7.6).
pub(super) fn is_overlay(group: u16) -> bool {
    group & 0xFF00 == 0x6000
}
