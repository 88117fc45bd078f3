//! Reports for people: figures, plots and pages of evaluations.

pub(crate) mod contact_sheet;
pub mod figures;
pub mod likeness;
pub(crate) mod markdown;
pub(crate) mod plots;
pub mod results;
