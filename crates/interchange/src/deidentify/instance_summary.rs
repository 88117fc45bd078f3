//! The summary of an instance, read before the first of its elements is rewritten.

use dicom::{Element, Reader, text};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use serde::Serialize;

use super::dictionary::has_standard_vr;
use super::form::is_strict_uid;
use super::part10::Source;
use super::pixels::Shape;
use crate::doubt::Doubt;
use crate::error::{Error, Result};

/// The statement of a file on burned-in text, ordered by how much it speaks against sharing the
/// picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnedIn {
    /// The file does not say.
    #[default]
    Unknown,
    /// The file says that there is none.
    No,
    /// The file has a value that means neither.
    Unclear,
    /// The file says that there is some.
    Yes,
}

/// The summary of a data set.
pub(super) struct InstanceSummary {
    pub(super) sop_class: String,
    pub(super) sop_instance: String,
    pub(super) patient: Option<String>,
    /// The patient, whose dates move together; the study or the instance where there is none.
    pub(super) subject: String,
    pub(super) character_set: Vec<u8>,
    pub(super) burned_in: BurnedIn,
    pub(super) doubt: Option<Doubt>,
    /// The storage of the picture; none if the data set does not describe it.
    pub(super) shape: Option<Shape>,
}

impl InstanceSummary {
    /// Reads a data set once, without its sequences.
    ///
    /// # Errors
    /// If it does not parse up to the end of the picture, or is no instance.
    pub(super) fn of(source: &Source) -> Result<Self> {
        let mut found = Attributes::default();
        let mut reader = source.data_set();
        while !reader.is_at_end() {
            match found.read(&mut reader) {
                // The padding behind the picture need not parse.
                Err(_) if found.pixels => break,
                done => done?,
            }
        }
        let shape = found.shape();
        let missing = |got| move || Error::NotDicom { got };
        let sop_class =
            found.class.or_else(|| source.sop_class.clone()).filter(|uid| is_strict_uid(uid));
        let sop_class = sop_class.ok_or_else(missing("no valid SOP Class UID"))?;
        let sop_instance = found.instance.or_else(|| source.sop_instance.clone());
        let sop_instance = sop_instance.ok_or_else(missing("no SOP Instance UID"))?;
        if sop_class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
            return Err(Error::Directory);
        }
        let patient = text::lenient(found.character_set, tags::PATIENT_ID, found.patient);
        let subject = patient.clone().or(found.study).unwrap_or_else(|| sop_instance.clone());
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
            shape,
        })
    }
}

/// Attributes of a data set as they are read, element by element.
#[derive(Default)]
struct Attributes<'a> {
    class: Option<String>,
    instance: Option<String>,
    study: Option<String>,
    patient: &'a [u8],
    character_set: &'a [u8],
    burned_in: BurnedIn,
    overlay_in_pixels: bool,
    pixels: bool,
    rows: Option<u16>,
    columns: Option<u16>,
    samples: Option<u16>,
    allocated: Option<u16>,
    frames: Option<u32>,
    subsampled: bool,
}

impl<'a> Attributes<'a> {
    /// Reads the next element.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<()> {
        let element = reader.element()?;
        let value = reader.value(&element)?;
        let order = reader.layout().order;
        let number = || value.try_into().ok().map(|bytes| order.short(bytes));
        let short = || number().filter(|_| has_standard_vr(&element));
        let ascii = || text::lenient(b"", element.tag, value);
        match element.tag {
            // Behind the picture, only statements on burned-in text count.
            tag if self.pixels && tag != tags::BURNED_IN_ANNOTATION && !is_overlay(tag.group()) => {
            }
            tags::SOP_CLASS_UID => self.class = ascii(),
            tags::SOP_INSTANCE_UID => self.instance = ascii(),
            tags::STUDY_INSTANCE_UID => self.study = ascii(),
            tags::PATIENT_ID => self.patient = value,
            tags::SPECIFIC_CHARACTER_SET => self.character_set = value,
            tags::BURNED_IN_ANNOTATION => {
                self.burned_in = self.burned_in.max(burned_in(&element, value));
            }
            tags::ROWS => self.rows = short(),
            tags::COLUMNS => self.columns = short(),
            tags::SAMPLES_PER_PIXEL => self.samples = short(),
            tags::BITS_ALLOCATED => self.allocated = short(),
            tags::NUMBER_OF_FRAMES => {
                self.frames = ascii().and_then(|text| text.parse().ok());
            }
            tags::PHOTOMETRIC_INTERPRETATION => {
                self.subsampled = ascii().is_some_and(|text| text.ends_with("_422"));
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
        Some(Shape {
            rows: self.rows?,
            columns: self.columns?,
            // Old files of grey pictures do not say.
            samples: self.samples.unwrap_or(1),
            allocated: self.allocated?,
            frames: self.frames.unwrap_or(1).max(1),
            subsampled: self.subsampled,
        })
    }
}

/// The statement of an element. Only NO and YES are clear, padded with spaces alone (PS3.5 6.2).
fn burned_in(element: &Element, value: &[u8]) -> BurnedIn {
    let start = value.iter().position(|&byte| byte != b' ').unwrap_or(value.len());
    let end = value.iter().rposition(|&byte| byte != b' ').map_or(start, |last| last + 1);
    match &value[start..end] {
        b"NO" if has_standard_vr(element) => BurnedIn::No,
        b"YES" => BurnedIn::Yes,
        _ => BurnedIn::Unclear,
    }
}

/// Whether a group is one of overlays (PS3.5 7.6).
pub(super) fn is_overlay(group: u16) -> bool {
    group & 0xFF00 == 0x6000
}
