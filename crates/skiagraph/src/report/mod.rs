//! Reports for people: pictures, saliency overlays, and pages of answers.

pub(crate) mod answers;
pub(crate) mod contact_sheet;
pub(crate) mod embed;
pub(crate) mod figures;
pub(crate) mod html;
pub(crate) mod likeness;
pub(crate) mod markdown;
pub(crate) mod overlay;
pub(crate) mod plots;
pub(crate) mod results;
