//! The saliency as lines over the query itself: Grayscale Softcopy Presentation State (PS3.3
//! A.33.1).

use chrono::{DateTime, FixedOffset};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use crate::answer::Software;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::object::Object;
use crate::outline::Region;
use crate::source::Source;

const KIND: Kind = Kind {
    sop_class: uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    modality: "PR",
    series_number: "9103",
    description: "Salient region (not for diagnosis)",
};
const LAYER: &str = "SALIENCY";
/// The most points of a line. Each takes eight bytes of a value of at most 65534 (PS3.5 7.1.2).
const MOST_POINTS: usize = 8191;
const DESCRIPTION: &str = "Where the network looked; not for diagnosis";
const TABLES: [(Tag, &str); 3] = [
    (tags::MODALITY_LUT_SEQUENCE, "ModalityLUTSequence"),
    (tags::VOILUT_SEQUENCE, "VOILUTSequence"),
    (tags::PRESENTATION_LUT_SEQUENCE, "PresentationLUTSequence"),
];

/// Lines around the salient region over the query, filed in its study: the bytes of a DICOM file.
/// The query is shown through its own rescale and first window; a presentation state overrides what
/// the picture says.
///
/// # Errors
/// [`Error::Lookup`] if the query is in colours or has a lookup table; [`Error::Write`],
/// [`Error::FileMeta`].
pub fn presentation_state(
    region: &Region,
    source: &Source,
    software: &Software,
    made: DateTime<FixedOffset>,
) -> Result<Vec<u8>> {
    if let Some((_, attribute)) = TABLES.iter().find(|(tag, _)| source.has(*tag)) {
        return Err(Error::Lookup { attribute });
    }
    if !source.text(tags::PHOTOMETRIC_INTERPRETATION).starts_with("MONOCHROME") {
        return Err(Error::Lookup { attribute: "colours" });
    }
    let lines: Vec<_> =
        region.outlines().iter().flat_map(|line| polylines(line, source.sides)).collect();
    let parts = [software.version.clone(), format!("{region:?}")];
    let object = Object::of_kind(&KIND, source, software, made, &parts)
        // Type 2C of a series: unknown where the query does not say.
        .with(tags::LATERALITY, source.text(tags::LATERALITY))
        .with(tags::CONTENT_LABEL, LAYER)
        .with(tags::CONTENT_DESCRIPTION, DESCRIPTION)
        .with(tags::CONTENT_CREATOR_NAME, "")
        .with(
            tags::PRESENTATION_CREATION_DATE,
            &source.in_its_zone(made).format("%Y%m%d").to_string(),
        )
        .with(
            tags::PRESENTATION_CREATION_TIME,
            &source.in_its_zone(made).format("%H%M%S").to_string(),
        )
        .with_items(tags::REFERENCED_SERIES_SEQUENCE, vec![referenced_series(source)])
        .with_items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE, vec![whole(source.sides)])
        .with(tags::PRESENTATION_LUT_SHAPE, shape(source));
    let object = with_modality_lut(object, source);
    let object = with_window(object, source);
    if lines.is_empty() { object } else { with_annotation(object, lines) }.file()
}

fn referenced_series(source: &Source) -> Object {
    Object::new()
        .with_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![source.reference()])
        .with(tags::SERIES_INSTANCE_UID, &source.series)
}

/// The whole picture, as large as fits (PS3.3 C.10.4).
fn whole([columns, rows]: [u32; 2]) -> Object {
    Object::new()
        .with_corner(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, [1, 1])
        .with_corner(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, [columns as i32, rows as i32])
        .with(tags::PRESENTATION_SIZE_MODE, "SCALE TO FIT")
        .with_values(tags::PRESENTATION_PIXEL_ASPECT_RATIO, &["1", "1"])
}

/// White for low values where the query has that (PS3.3 C.11.6.1.2).
fn shape(source: &Source) -> &str {
    let own = source.text(tags::PRESENTATION_LUT_SHAPE);
    match source.text(tags::PHOTOMETRIC_INTERPRETATION) {
        _ if matches!(own, "IDENTITY" | "INVERSE") => own,
        "MONOCHROME1" => "INVERSE",
        _ => "IDENTITY",
    }
}

fn with_modality_lut(object: Object, source: &Source) -> Object {
    let text = |tag: Tag, default: &'static str| match source.text(tag) {
        "" => default.to_owned(),
        text => text.to_owned(),
    };
    if source.text(tags::RESCALE_SLOPE).is_empty() {
        return object;
    }
    object
        .with_repeated(tags::RESCALE_INTERCEPT, &text(tags::RESCALE_INTERCEPT, "0"))
        .with_repeated(tags::RESCALE_SLOPE, source.text(tags::RESCALE_SLOPE))
        .with_repeated(tags::RESCALE_TYPE, &text(tags::RESCALE_TYPE, "US"))
}

fn with_window(object: Object, source: &Source) -> Object {
    let first = |tag| source.text(tag).split('\\').next().unwrap_or_default();
    let (center, width) = (first(tags::WINDOW_CENTER), first(tags::WINDOW_WIDTH));
    if center.is_empty() || width.is_empty() {
        return object;
    }
    let window = Object::new()
        .with_repeated(tags::WINDOW_CENTER, center)
        .with_repeated(tags::WINDOW_WIDTH, width);
    let window = source.repeat(window, &[tags::VOILUT_FUNCTION]);
    object.with_items(tags::SOFTCOPY_VOILUT_SEQUENCE, vec![window])
}

fn with_annotation(object: Object, lines: Vec<Object>) -> Object {
    let annotation = Object::new()
        .with(tags::GRAPHIC_LAYER, LAYER)
        .with_items(tags::GRAPHIC_OBJECT_SEQUENCE, lines);
    let layer = Object::new()
        .with(tags::GRAPHIC_LAYER, LAYER)
        .with(tags::GRAPHIC_LAYER_ORDER, "1")
        .with(tags::GRAPHIC_LAYER_DESCRIPTION, DESCRIPTION);
    object
        .with_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation])
        .with_items(tags::GRAPHIC_LAYER_SEQUENCE, vec![layer])
}

/// A closed line over the picture, whose first pixel's middle is at 1, 1 (PS3.3 C.10.5.1.2). One of
/// more points than a value holds is drawn in parts, each from where the last one ends.
fn polylines(line: &[[f32; 2]], sides: [u32; 2]) -> impl Iterator<Item = Object> {
    let starts = (0..line.len().saturating_sub(1)).step_by(MOST_POINTS - 1);
    starts.map(move |start| polyline(&line[start..line.len().min(start + MOST_POINTS)], sides))
}

fn polyline(line: &[[f32; 2]], [columns, rows]: [u32; 2]) -> Object {
    let place = |share: f32, side: u32| (share * side as f32 + 0.5).clamp(1.0, side.max(1) as f32);
    let data: Vec<f32> =
        line.iter().flat_map(|[x, y]| [place(*x, columns), place(*y, rows)]).collect();
    Object::new()
        .with(tags::GRAPHIC_ANNOTATION_UNITS, "PIXEL")
        .with_numbers(tags::GRAPHIC_DIMENSIONS, &[2])
        .with_numbers(tags::NUMBER_OF_GRAPHIC_POINTS, &[line.len() as u16])
        .with_coordinates(tags::GRAPHIC_DATA, &data)
        .with(tags::GRAPHIC_TYPE, "POLYLINE")
        .with(tags::GRAPHIC_FILLED, "N")
}
