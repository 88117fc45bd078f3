//! DICOM: uncompressed little endian and JPEG baseline, first frame, with the grey pipeline of PS3.3 C.11.

mod attributes;
mod grey;
mod header;

use crate::decode::Limits;
use crate::error::{Error, Result};
use crate::radiograph::{Format, Header, Radiograph};
use crate::raster::jpeg_samples;
use attributes::wrong;
use dicom_dictionary_std::tags;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use grey::Encoding;
use header::{Elements, PixelData, Vr};

/// What the transfer syntaxes that are decoded make of Pixel Data, and how their elements are written.
#[derive(Clone, Copy, PartialEq)]
enum Syntax {
    Native(Vr),
    JpegBaseline,
}

/// Decodes a DICOM file of preamble, file meta group and data set.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Radiograph> {
    let elements = header::read(bytes, |meta| match syntax(meta)? {
        Syntax::Native(vr) => Ok(vr),
        Syntax::JpegBaseline => Ok(Vr::Explicit),
    })?;
    let (columns, rows) = elements.sides(limits)?;
    let encoding = elements.encoding()?;
    let pixels = grey_pixels(&elements, columns, rows, &encoding)?;
    Ok(Radiograph::new(columns, rows, pixels)?.with_header(describe(&elements, &encoding)))
}

fn syntax(meta: &Elements) -> Result<Syntax> {
    let uid = meta.text(tags::TRANSFER_SYNTAX_UID);
    match uid
        .as_deref()
        .ok_or_else(|| wrong("TransferSyntaxUID", "missing", "the UID of a transfer syntax"))?
    {
        "1.2.840.10008.1.2" => Ok(Syntax::Native(Vr::Implicit)),
        "1.2.840.10008.1.2.1" => Ok(Syntax::Native(Vr::Explicit)),
        "1.2.840.10008.1.2.4.50" => Ok(Syntax::JpegBaseline),
        other => match TransferSyntaxRegistry.get(other) {
            Some(known) => Err(Error::TransferSyntax { uid: known.uid().into(), name: known.name() }),
            None => Err(wrong("TransferSyntaxUID", other, "the UID of a transfer syntax")),
        },
    }
}

/// Grey of the first frame. Nothing is allocated before the bytes for it are known to be there.
fn grey_pixels(elements: &Elements, columns: u32, rows: u32, encoding: &Encoding) -> Result<Vec<f32>> {
    let pipeline = elements.pipeline(encoding)?;
    let count = columns as usize * rows as usize;
    match (syntax(elements)?, &elements.pixels) {
        (_, None) => Err(wrong("PixelData", "missing", "a picture")),
        (Syntax::Native(_), Some(PixelData::Native(bytes))) => {
            let needed = count * encoding.allocated as usize / 8;
            let Some(frame) = bytes.get(..needed) else {
                let expected = "Rows × Columns × BitsAllocated / 8 bytes at least";
                return Err(wrong("PixelData", &format!("{} bytes", bytes.len()), expected));
            };
            Ok(if encoding.allocated == 8 {
                grey::display(frame.iter().map(|&byte| encoding.value(byte.into())), &pipeline)
            } else {
                let (words, _) = frame.as_chunks();
                grey::display(words.iter().map(|&word| encoding.value(u16::from_le_bytes(word))), &pipeline)
            })
        }
        (Syntax::JpegBaseline, Some(PixelData::Encapsulated(fragments))) => {
            let samples = jpeg_samples(&fragments.concat(), columns, rows)?;
            Ok(grey::display(samples.iter().map(|&sample| sample.into()), &pipeline))
        }
        (Syntax::Native(_), _) => {
            Err(wrong("PixelData", "compressed", "uncompressed, as the transfer syntax says"))
        }
        (Syntax::JpegBaseline, _) => {
            Err(wrong("PixelData", "uncompressed", "JPEG, as the transfer syntax says"))
        }
    }
}

fn describe(elements: &Elements, encoding: &Encoding) -> Header {
    Header {
        format: Some(Format::Dicom),
        bits_stored: encoding.stored as u8,
        inverted: encoding.inverted,
        sop_instance_uid: elements
            .text(tags::SOP_INSTANCE_UID)
            .or_else(|| elements.text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)),
        patient_id: elements.text(tags::PATIENT_ID),
        modality: elements.text(tags::MODALITY),
        body_part: elements.text(tags::BODY_PART_EXAMINED),
        view: elements.text(tags::VIEW_POSITION),
        study_instance_uid: elements.text(tags::STUDY_INSTANCE_UID),
        series_instance_uid: elements.text(tags::SERIES_INSTANCE_UID),
        sex: elements.text(tags::PATIENT_SEX),
        age: elements.text(tags::PATIENT_AGE).and_then(|age| years(&age)),
        study_date: elements.text(tags::STUDY_DATE),
    }
}

/// The completed years of an age string, three digits and a unit: PS3.5 6.2, AS.
fn years(age: &str) -> Option<u32> {
    let (count, unit) = age.split_at_checked(3)?;
    let count: u32 = count.parse().ok()?;
    match unit {
        "Y" => Some(count),
        "M" => Some(count / 12),
        "W" => Some(count / 52),
        "D" => Some(count / 365),
        _ => None,
    }
}
