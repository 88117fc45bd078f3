//! DICOM: uncompressed little endian and JPEG baseline, first frame, with the grey pipeline of PS3.3 C.11.

mod grey;
mod lengths;

use crate::decode::Limits;
use crate::error::{Error, Result};
use crate::radiograph::{Format, Header, Radiograph};
use crate::raster::jpeg_samples;
use dicom_core::Tag;
use dicom_core::value::Value;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, from_reader};
use grey::{Encoding, Window};

const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";

/// Decodes a DICOM file of preamble, file meta group and data set.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Radiograph> {
    lengths::check(bytes)?;
    // The parser has been seen to be sound; should it panic on some file after all, that file is refused.
    let parsed = std::panic::catch_unwind(|| from_reader(bytes));
    let object = parsed
        .map_err(|_| Error::DicomParse { reason: "the parser failed on it".into() })?
        .map_err(|e| Error::DicomParse { reason: causes(&e) })?;
    let file = File { object };
    let (columns, rows) = file.sides(limits)?;
    let encoding = file.encoding()?;
    let stored = file.stored_values(columns, rows, &encoding, limits)?;
    let pixels = grey::display(&stored, &file.pipeline(&encoding)?);
    Ok(Radiograph::new(columns, rows, pixels)?.with_header(file.header(&encoding)))
}

/// An error and its causes in one line; the parser's messages name tags and positions, never values.
fn causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line = format!("{line}: {cause}");
        next = cause.source();
    }
    line
}

struct File {
    object: DefaultDicomObject,
}

impl File {
    fn text(&self, tag: Tag) -> Option<String> {
        let text = self.object.element(tag).ok()?.to_str().ok()?.trim_matches(['\0', ' ']).to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        self.object.element(tag).ok()?.to_multi_float64().ok()?.first().copied().filter(|n| n.is_finite())
    }

    /// A required whole number.
    fn count(&self, tag: Tag, attribute: &'static str, expected: &'static str) -> Result<u32> {
        let element = self.object.element(tag).ok();
        let missing = || Error::DicomAttribute { attribute, got: "missing".into(), expected };
        element.and_then(|e| e.to_int::<u32>().ok()).ok_or_else(missing)
    }

    fn sides(&self, limits: &Limits) -> Result<(u32, u32)> {
        let rows = self.count(tags::ROWS, "Rows", "1 to 65535")?;
        let columns = self.count(tags::COLUMNS, "Columns", "1 to 65535")?;
        for (attribute, value) in [("Rows", rows), ("Columns", columns)] {
            if value == 0 {
                return Err(Error::DicomAttribute { attribute, got: "0".into(), expected: "1 to 65535" });
            }
        }
        limits.check_pixels(columns.into(), rows.into())?;
        Ok((columns, rows))
    }

    fn encoding(&self) -> Result<Encoding> {
        let optional =
            |tag, default| self.object.element(tag).ok().and_then(|e| e.to_int().ok()).unwrap_or(default);
        let allocated = self.count(tags::BITS_ALLOCATED, "BitsAllocated", "8 or 16")?;
        let stored = optional(tags::BITS_STORED, allocated);
        let samples = optional(tags::SAMPLES_PER_PIXEL, 1);
        let photometric = self.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
        let wrong =
            |attribute, got: String, expected| Err(Error::DicomAttribute { attribute, got, expected });
        if !matches!(allocated, 8 | 16) {
            return wrong("BitsAllocated", allocated.to_string(), "8 or 16");
        }
        if stored == 0 || stored > allocated {
            return wrong("BitsStored", stored.to_string(), "1 to BitsAllocated");
        }
        if samples != 1 {
            return wrong("SamplesPerPixel", samples.to_string(), "1, as greyscale radiographs have");
        }
        if !matches!(photometric.as_str(), "MONOCHROME1" | "MONOCHROME2") {
            return wrong("PhotometricInterpretation", photometric, "MONOCHROME1 or MONOCHROME2");
        }
        let signed = optional(tags::PIXEL_REPRESENTATION, 0) == 1;
        Ok(Encoding { allocated, stored, signed, inverted: photometric == "MONOCHROME1" })
    }

    /// Stored values of the first frame.
    fn stored_values(
        &self,
        columns: u32,
        rows: u32,
        encoding: &Encoding,
        limits: &Limits,
    ) -> Result<Vec<i32>> {
        let count = columns as usize * rows as usize;
        let wrong = |got: String, expected| Error::DicomAttribute { attribute: "PixelData", got, expected };
        let element =
            self.object.element(tags::PIXEL_DATA).map_err(|_| wrong("missing".into(), "a picture"))?;
        let syntax = self.object.meta().transfer_syntax().trim_end_matches('\0');
        match (syntax, element.value()) {
            (IMPLICIT_LITTLE | EXPLICIT_LITTLE, Value::Primitive(value)) => {
                let bytes = value.to_bytes();
                encoding.values(&bytes, count).ok_or_else(|| {
                    wrong(
                        format!("{} bytes", bytes.len()),
                        "Rows × Columns × BitsAllocated / 8 bytes at least",
                    )
                })
            }
            (JPEG_BASELINE, Value::PixelSequence(sequence)) => {
                let stream = sequence.fragments().concat();
                let (width, height, samples) = jpeg_samples(&stream, limits)?;
                if (width, height) != (columns, rows) {
                    return Err(wrong(format!("a JPEG of {width}×{height}"), "Columns × Rows"));
                }
                Ok(samples.into_iter().map(i32::from).collect())
            }
            (IMPLICIT_LITTLE | EXPLICIT_LITTLE | JPEG_BASELINE, _) => {
                Err(wrong("of another form".into(), "the form of its transfer syntax"))
            }
            (uid, _) => Err(Error::TransferSyntax { uid: uid.to_owned() }),
        }
    }

    fn pipeline(&self, encoding: &Encoding) -> Result<grey::Pipeline> {
        let slope = self.number(tags::RESCALE_SLOPE).unwrap_or(1.0);
        if slope == 0.0 {
            let (attribute, got) = ("RescaleSlope", "0".to_owned());
            return Err(Error::DicomAttribute { attribute, got, expected: "not 0" });
        }
        let window = self.number(tags::WINDOW_CENTER).zip(self.number(tags::WINDOW_WIDTH));
        Ok(grey::Pipeline {
            slope,
            intercept: self.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0),
            window: window.filter(|(_, width)| *width >= 1.0).map(|(centre, width)| Window { centre, width }),
            inverted: encoding.inverted,
            // A modality table this version does not apply leaves the window, which is in its units, void.
            window_applies: self.object.element(tags::MODALITY_LUT_SEQUENCE).is_err(),
        })
    }

    fn header(&self, encoding: &Encoding) -> Header {
        Header {
            format: Some(Format::Dicom),
            bits_stored: encoding.stored as u8,
            inverted: encoding.inverted,
            sop_instance_uid: self.text(tags::SOP_INSTANCE_UID),
            patient_id: self.text(tags::PATIENT_ID),
            modality: self.text(tags::MODALITY),
            body_part: self.text(tags::BODY_PART_EXAMINED),
            view: self.text(tags::VIEW_POSITION),
        }
    }
}
