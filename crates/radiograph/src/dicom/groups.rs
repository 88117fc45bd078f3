//! Functional groups of enhanced multi-frame objects (PS3.3 C.7.6.16): attributes of one frame, or
//! shared by all. An attribute of the frame overrides a shared one, and a shared one overrides the
//! same attribute outside of groups.

use super::header::Elements;
use crate::warning::Warnings;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// The functional groups of one frame. Each list holds the frame's own item, then the shared one.
#[derive(Default)]
pub(super) struct Groups<'a> {
    /// Windows and tables of values of interest.
    pub(super) windows: Vec<Elements<'a>>,
    /// Slopes and intercepts.
    pub(super) transformations: Vec<Elements<'a>>,
    pub(super) shutters: Vec<Elements<'a>>,
    pub(super) anatomy: Vec<Elements<'a>>,
}

impl<'a> Groups<'a> {
    /// The groups for a frame, the first of which is 0.
    pub(super) fn of(elements: &Elements<'a>, frame: u32, warnings: &mut Warnings) -> Self {
        let of_frame =
            (tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, "PerFrameFunctionalGroupsSequence", frame);
        let shared = (tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, "SharedFunctionalGroupsSequence", 0);
        let groups: Vec<Elements> = [of_frame, shared]
            .into_iter()
            .filter_map(|group| item(elements, group, warnings))
            .collect();
        let mut of_macro = |sequence, keyword| -> Vec<Elements<'a>> {
            let group = (sequence, keyword, 0);
            groups.iter().filter_map(|elements| item(elements, group, warnings)).collect()
        };
        Self {
            windows: of_macro(tags::FRAME_VOILUT_SEQUENCE, "FrameVOILUTSequence"),
            transformations: of_macro(
                tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
                "PixelValueTransformationSequence",
            ),
            shutters: of_macro(tags::FRAME_DISPLAY_SHUTTER_SEQUENCE, "FrameDisplayShutterSequence"),
            anatomy: of_macro(tags::FRAME_ANATOMY_SEQUENCE, "FrameAnatomySequence"),
        }
    }

    /// The items of a macro, and then the attributes outside of groups.
    pub(super) fn levels<'e>(
        items: &'e [Elements<'a>],
        elements: &'e Elements<'a>,
    ) -> impl Iterator<Item = &'e Elements<'a>> {
        items.iter().chain([elements])
    }
}

/// An item of a sequence; none where there is none, or where it is damaged, which is told.
fn item<'a>(
    elements: &Elements<'a>,
    (sequence, keyword, index): (Tag, &'static str, u32),
    warnings: &mut Warnings,
) -> Option<Elements<'a>> {
    elements.bytes(sequence)?;
    elements.item(sequence, index).unwrap_or_else(|_| {
        warnings.add(keyword, "damaged", "items that can be read", "it was left out");
        None
    })
}
