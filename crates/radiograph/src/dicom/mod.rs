//! DICOM: every transfer syntax of radiographs, any frame, with the grey pipeline of PS3.3 C.11.

mod attributes;
mod codec;
mod encoding;
mod fragments;
mod frames;
mod grey;
mod groups;
mod header;
mod kept;
mod layout;
mod lut;
mod modality;
mod objects;
mod overlay;
mod reader;
mod samples;
mod shutter;
mod syntax;
mod text;
mod texts;
mod vocabulary;
mod window;

pub use syntax::transfer_syntaxes;
pub use texts::texts;

use crate::dates;
use crate::decode::Options;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory::Reservation;
use crate::radiograph::{Format, Header, Radiograph};
use crate::warning::Warnings;
use dicom_dictionary_std::tags;
use encoding::{Encoding, Photometric};
use flate2::read::DeflateDecoder;
use frames::Frame;
use grey::Pipeline;
use groups::Groups;
use header::Elements;
use samples::Shape;
use std::borrow::Cow;
use std::io::Read;
use vocabulary::Said;

/// Bytes of memory per byte of an inflated data set: itself, and what is decoded of it. A pixel of
/// eight bits takes most.
const INFLATED: u64 = 10;

/// Decodes a DICOM file of preamble, file meta group and data set.
pub(crate) fn decode(bytes: &[u8], limits: &Limits, options: &Options) -> Result<Radiograph> {
    let mut warnings = Warnings::default();
    let (meta, start) = header::meta(bytes, &mut warnings)?;
    let syntax = syntax::of(&meta, &bytes[start..], &mut warnings)?;
    let (data, start, inflated) = data_set(bytes, start, syntax.form, limits)?;
    let elements = header::data_set(&data, start, syntax.form, &mut warnings)?;
    objects::check(&meta, &elements)?;
    let (columns, rows) = elements.sides(limits)?;
    let shape =
        Shape { columns, rows, frames: elements.frames(&mut warnings), frame: options.frame };
    let encoding = Encoding::of(&elements, &mut warnings)?;
    let groups = Groups::of(&elements, shape.frame, &mut warnings);
    let pipeline = Pipeline::of(&elements, &groups, &encoding, &mut warnings);
    let frame = Frame::find(&elements, syntax.codec, &encoding, &shape, &mut warnings)?;
    let needed = samples::needed(frame.codec, &encoding, &shape) + data.len() as u64;
    let memory = match inflated {
        None => limits.reserve(needed)?,
        Some(mut memory) => {
            limits.check_memory(needed)?;
            memory.grow_to(needed)?;
            memory
        }
    };
    let words = samples::read(&elements, &frame, &encoding, &shape)?;
    let mut pixels = grey(&words, &encoding, &pipeline);
    let shuttered = groups.shutters.first().unwrap_or(&elements);
    shutter::shutters(shuttered).iter().for_each(|shutter| shutter.apply(&mut pixels, columns));
    if options.overlays {
        overlay::draw(&elements, &shape, &words, &mut pixels);
    }
    let header = Header {
        bits_stored: encoding.stored as u8,
        inverted: pipeline.inverted(),
        frames: shape.frames,
        ..describe(&meta, &elements, &groups, &mut warnings)
    };
    let header = Header { warnings: warnings.into_vec(), ..header };
    Ok(Radiograph::new(columns, rows, pixels)?.decoded(header, memory))
}

/// Returns the bytes that hold the data set, and where it begins in them. If they had to be
/// inflated, the memory comes with them.
fn data_set<'a>(
    bytes: &'a [u8],
    start: usize,
    form: syntax::Form,
    limits: &Limits,
) -> Result<(Cow<'a, [u8]>, usize, Option<Reservation>)> {
    if !form.deflated {
        return Ok((Cow::Borrowed(bytes), start, None));
    }
    let (data, memory) = inflate(&bytes[start..], limits)?;
    Ok((Cow::Owned(data), 0, Some(memory)))
}

/// Inflates a data set (PS3.5 A.5: all after the file meta group is one stream).
///
/// One byte may stand for a thousand, so the first pass only counts. The reservation is for the
/// picture as well: whoever holds memory must not wait for more.
fn inflate(bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, Reservation)> {
    let inflating = || DeflateDecoder::new(bytes).take(limits.max_bytes.saturating_add(1));
    let failed =
        |e| Error::DicomParse { reason: format!("the deflated data set does not inflate: {e}") };
    let length = std::io::copy(&mut inflating(), &mut std::io::sink()).map_err(failed)?;
    limits.check_bytes(length)?;
    let memory =
        limits.reserve(samples::WORKSPACE.saturating_add(INFLATED.saturating_mul(length)))?;
    let mut data = Vec::with_capacity(length as usize);
    inflating().read_to_end(&mut data).map_err(failed)?;
    Ok((data, memory))
}

/// Grey in [0, 1]. The luminance of colours is grey already.
fn grey(words: &[u16], encoding: &Encoding, pipeline: &Pipeline) -> Vec<f32> {
    if let Photometric::Monochrome { .. } = encoding.photometric {
        let table = pipeline.table(encoding, words);
        return words.iter().map(|&word| table[usize::from(word)]).collect();
    }
    words.iter().map(|&luminance| f32::from(luminance) / f32::from(u16::MAX)).collect()
}

/// A date or an age. Of one that does not read it is told, but not what stands there.
fn read<T>(
    attribute: &'static str,
    text: Option<String>,
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
    warnings: &mut Warnings,
) -> Option<T> {
    let text = text?;
    let read = parse(&text);
    if read.is_none() {
        warnings.add(attribute, "not readable", expected, "it was left out");
    }
    read
}

/// Who, what, when and from where.
fn describe(
    meta: &Elements,
    elements: &Elements,
    groups: &Groups,
    warnings: &mut Warnings,
) -> Header {
    let birth = elements.text(tags::PATIENT_BIRTH_DATE).and_then(|text| dates::date(&text));
    let study_date = elements.text(tags::STUDY_DATE);
    let study_date = read("StudyDate", study_date, dates::date, "a date", warnings);
    let age = elements.text(tags::PATIENT_AGE);
    let age = read("PatientAge", age, dates::years, "an age", warnings);
    let anatomy = groups.anatomy.first();
    let side = elements
        .text(tags::IMAGE_LATERALITY)
        .or_else(|| anatomy?.text(tags::FRAME_LATERALITY))
        .or_else(|| elements.text(tags::LATERALITY));
    let part = |elements: &Elements| {
        elements.said(tags::BODY_PART_EXAMINED, tags::ANATOMIC_REGION_SEQUENCE).part()
    };
    Header {
        format: Some(Format::Dicom),
        burned_in: elements.text(tags::BURNED_IN_ANNOTATION).as_deref() == Some("YES"),
        sop_instance_uid: elements
            .text(tags::SOP_INSTANCE_UID)
            .or_else(|| meta.text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)),
        patient_id: elements.text(tags::PATIENT_ID),
        modality: elements.text(tags::MODALITY),
        body_part: part(elements).or_else(|| anatomy.and_then(part)),
        view: elements.said(tags::VIEW_POSITION, tags::VIEW_CODE_SEQUENCE).view(),
        laterality: Said { word: side, ..Said::default() }.side(),
        study_instance_uid: elements.text(tags::STUDY_INSTANCE_UID),
        series_instance_uid: elements.text(tags::SERIES_INSTANCE_UID),
        sex: elements.text(tags::PATIENT_SEX),
        age: age.or_else(|| dates::years_between(birth.as_ref()?, study_date.as_ref()?)),
        study_date,
        ..Header::default()
    }
}
