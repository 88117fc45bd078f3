//! The type of a greyscale radiograph, ready to be displayed.

use crate::error::{Error, Result};
use crate::geometry::{Orientation, Spacing};
use crate::memory::Reservation;
use crate::warning::Warning;
use std::fmt;
use std::sync::Arc;

/// Bytes a pixel that a radiograph takes: four itself, and at most four in what is made of it: for
/// image quality control, by resampling, a thumbnail, 16-bit grey.
const BYTES: u64 = 8;

/// A greyscale radiograph: inversion, rescale and window are applied, 0 is black and 1 is white.
#[derive(Clone)]
pub struct Radiograph {
    width: u32,
    height: u32,
    pixels: Vec<f32>,
    header: Header,
    /// Its share of the process's memory budget, if it was decoded.
    memory: Option<Arc<Reservation>>,
}

impl PartialEq for Radiograph {
    fn eq(&self, other: &Self) -> bool {
        let sides = |radiograph: &Self| (radiograph.width, radiograph.height);
        sides(self) == sides(other) && self.pixels == other.pixels && self.header == other.header
    }
}

/// File format, as the bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Portable network graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// Tagged image file format.
    Tiff,
    /// DICOM.
    Dicom,
}

/// The file's description of its picture.
#[derive(Clone, Default, PartialEq)]
pub struct Header {
    /// The format of the bytes; none for pixels that came from elsewhere.
    pub format: Option<Format>,
    /// Meaningful bits a pixel.
    pub bits_stored: u8,
    /// Whether low values were white (MONOCHROME1) and were turned round.
    pub inverted: bool,
    /// Whether the file says that text is burned into the picture (DICOM Burned In Annotation).
    pub burned_in: bool,
    /// Frames of the file; 0 where the format has none.
    pub frames: u32,
    /// DICOM SOP Instance UID.
    pub sop_instance_uid: Option<String>,
    /// DICOM Patient ID: patient data, never shown by `Debug`.
    pub patient_id: Option<String>,
    /// DICOM Modality.
    pub modality: Option<String>,
    /// Body part, as a term of DICOM PS3.16 Annex L where it is known there: `CHEST`.
    pub body_part: Option<String>,
    /// View, as a term of DICOM's View Position: `PA`.
    pub view: Option<String>,
    /// Side of a part that there are two of: `L`, `R`, `B` for both, `U` for one in the middle.
    pub laterality: Option<String>,
    /// DICOM Patient Orientation.
    pub orientation: Option<Orientation>,
    /// DICOM Pixel Spacing, or Imager Pixel Spacing.
    pub spacing: Option<Spacing>,
    /// The values, after the file's rescale, that are black and white, if grey is linear between.
    pub window: Option<[f64; 2]>,
    /// DICOM Study Instance UID.
    pub study_instance_uid: Option<String>,
    /// DICOM Series Instance UID.
    pub series_instance_uid: Option<String>,
    /// DICOM Patient's Sex: patient data, never shown by `Debug`.
    pub sex: Option<String>,
    /// DICOM Patient's Age in completed years: patient data, never shown by `Debug`.
    pub age: Option<u32>,
    /// DICOM Study Date as eight digits: patient data, never shown by `Debug`.
    pub study_date: Option<String>,
    /// Faults of the file that were put up with.
    pub warnings: Vec<Warning>,
}

impl fmt::Debug for Radiograph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Radiograph({}×{}, {:?})", self.width, self.height, self.header)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("format", &self.format)
            .field("bits_stored", &self.bits_stored)
            .field("inverted", &self.inverted)
            .field("modality", &self.modality)
            .field("body_part", &self.body_part)
            .field("view", &self.view)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl Radiograph {
    /// Makes a radiograph from pixels in [0, 1], row by row; 0 is black.
    ///
    /// # Errors
    /// [`Error::PixelCount`] if they do not fill `width` × `height`, or a side is 0.
    pub fn new(width: u32, height: u32, pixels: Vec<f32>) -> Result<Self> {
        if width == 0 || height == 0 || pixels.len() as u64 != u64::from(width) * u64::from(height)
        {
            return Err(Error::PixelCount { got: pixels.len(), width, height });
        }
        Ok(Self { width, height, pixels, header: Header::default(), memory: None })
    }

    /// Bytes that a picture of so many pixels takes when it is decoded, with what is made of it.
    pub fn bytes(pixels: u64) -> u64 {
        BYTES.saturating_mul(pixels)
    }

    /// Completes a decoded radiograph with its header, and keeps what it needs of the memory that
    /// decoding took.
    pub(crate) fn decoded(self, header: Header, mut memory: Reservation) -> Self {
        memory.shrink_to(Self::bytes(self.pixels.len() as u64));
        Self { header, memory: Some(Arc::new(memory)), ..self }
    }

    /// Lets the pixels go, and gives what they held of the process's budget, for what was made of
    /// them.
    pub fn into_reservation(self) -> Option<Reservation> {
        self.memory.and_then(Arc::into_inner)
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Grey values in [0, 1], row by row.
    pub fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// The file's description of its picture.
    pub fn header(&self) -> &Header {
        &self.header
    }
}
