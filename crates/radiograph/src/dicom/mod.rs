//! DICOM: every transfer syntax of radiographs, any frame, with the grey pipeline of PS3.3 C.11.

mod attributes;
mod codec;
mod descriptive_attributes;
mod encoding;
mod fragments;
mod frames;
mod geometry;
mod grey;
mod groups;
mod header;
mod lut;
mod modality;
mod objects;
mod overlay;
mod samples;
mod shape;
mod shutter;
mod syntax;
mod vocabulary;
mod wanted_tags;
mod window;

pub use descriptive_attributes::texts;
pub use syntax::transfer_syntaxes;

use crate::dates;
use crate::error::Result;
use crate::limits::Limits;
use crate::memory::Reservation;
use crate::options::Options;
use crate::radiograph::{Format, Header, Radiograph};
use crate::warning::Warnings;
use dicom::{FileMeta, Form, inflate, inflated_length};
use dicom_dictionary_std::tags;
use encoding::{Encoding, Photometric};
use frames::Frame;
use grey::Pipeline;
use groups::Groups;
use header::Elements;
use shape::Shape;
use std::borrow::Cow;
use syntax::Codec;
use vocabulary::Said;

/// Bytes of memory per byte of an inflated data set: itself, and what is decoded of it. A pixel of
/// eight bits takes most.
const INFLATED: u64 = 10;

/// Decodes a DICOM file of preamble, file meta group and data set.
pub(crate) fn decode(bytes: &[u8], limits: &Limits, options: &Options) -> Result<Radiograph> {
    let mut warnings = Warnings::default();
    let meta = header::meta(bytes, &mut warnings)?;
    let (file, inflated) = File::open(bytes, &meta, limits, &mut warnings)?;
    let elements = file.elements(&mut warnings)?;
    objects::check(&meta, &elements)?;
    let (columns, rows) = elements.sides(limits)?;
    let shape =
        Shape { columns, rows, frames: elements.frames(&mut warnings), frame: options.frame };
    let encoding = Encoding::of(&elements, &mut warnings)?;
    let groups = Groups::of(&elements, shape.frame, &mut warnings);
    let pipeline = Pipeline::of(&elements, &groups, &encoding, &mut warnings);
    let frame = Frame::find(&elements, file.codec, &encoding, &shape, &mut warnings)?;
    let needed = samples::needed(frame.codec, &encoding, &shape) + file.data.len() as u64;
    let memory = match inflated {
        None => limits.reserve(needed)?,
        Some(mut memory) => {
            limits.check_memory(needed)?;
            memory.grow_to(needed)?;
            memory
        }
    };
    let words = samples::read(&elements, &frame, &encoding, &shape)?;
    let pipeline = pipeline.of_frame(&encoding, &words);
    let mut pixels = grey(&words, &encoding, &pipeline);
    let shuttered = groups.shutters.first().unwrap_or(&elements);
    shutter::shutters(shuttered).iter().for_each(|shutter| shutter.apply(&mut pixels, columns));
    if options.overlays {
        overlay::draw(&elements, &shape, &words, &mut pixels);
    }
    let header = Header {
        bits_stored: encoding.stored as u8,
        inverted: pipeline.inverted(),
        window: pipeline.window(&encoding),
        frames: shape.frames,
        ..describe(&meta, &elements, &groups, &mut warnings)
    };
    let header = Header { warnings: warnings.into_vec(), ..header };
    Ok(Radiograph::new(columns, rows, pixels)?.decoded(header, memory))
}

/// A file whose data set can be read.
struct File<'a> {
    /// The bytes that hold the data set.
    data: Cow<'a, [u8]>,
    start: usize,
    form: Form,
    codec: Codec,
}

impl<'a> File<'a> {
    /// Opens a file. If the data set had to be inflated, its memory comes with it.
    fn open(
        bytes: &'a [u8],
        meta: &FileMeta,
        limits: &Limits,
        warnings: &mut Warnings,
    ) -> Result<(Self, Option<Reservation>)> {
        let (start, data_set) = (meta.data_set_at, &bytes[meta.data_set_at..]);
        let (uid, codec) = syntax::of(meta.transfer_syntax.as_deref(), data_set, warnings)?;
        let form = Form::of(uid);
        if !form.deflated {
            let data = Cow::Borrowed(bytes);
            return Ok((Self { data, start, form, codec }, None));
        }
        let (data, memory) = inflated(data_set, limits)?;
        Ok((Self { data: Cow::Owned(data), start: 0, form, codec }, Some(memory)))
    }

    fn elements(&self, warnings: &mut Warnings) -> Result<Elements<'_>> {
        header::data_set(&self.data, self.start, self.form.layout, warnings)
    }
}

/// Inflates a data set. The reservation is for the picture as well: whoever holds memory must not
/// wait for more.
fn inflated(stream: &[u8], limits: &Limits) -> Result<(Vec<u8>, Reservation)> {
    let length = inflated_length(stream, limits.max_bytes.saturating_add(1))?;
    limits.check_bytes(length)?;
    let memory =
        limits.reserve(samples::WORKSPACE.saturating_add(INFLATED.saturating_mul(length)))?;
    Ok((inflate(stream, length)?, memory))
}

/// Grey in [0, 1]. The luminance of colours is grey already.
fn grey(words: &[u16], encoding: &Encoding, pipeline: &Pipeline) -> Vec<f32> {
    if let Photometric::Monochrome { .. } = encoding.photometric {
        let table = pipeline.table(encoding);
        return words.iter().map(|&word| table[usize::from(word)]).collect();
    }
    words.iter().map(|&luminance| f32::from(luminance) / f32::from(u16::MAX)).collect()
}

/// Reads a date or an age. The warning of one that cannot be read does not show it.
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
    meta: &FileMeta,
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
            .or_else(|| meta.sop_instance.clone()),
        patient_id: elements.text(tags::PATIENT_ID),
        modality: elements.text(tags::MODALITY),
        body_part: part(elements).or_else(|| anatomy.and_then(part)),
        view: elements.said(tags::VIEW_POSITION, tags::VIEW_CODE_SEQUENCE).view(),
        laterality: Said { word: side, ..Said::default() }.side(),
        orientation: geometry::orientation(elements),
        spacing: geometry::spacing(elements),
        study_instance_uid: elements.text(tags::STUDY_INSTANCE_UID),
        series_instance_uid: elements.text(tags::SERIES_INSTANCE_UID),
        sex: elements.text(tags::PATIENT_SEX),
        age: age.or_else(|| dates::years_between(birth.as_ref()?, study_date.as_ref()?)),
        study_date,
        ..Header::default()
    }
}
