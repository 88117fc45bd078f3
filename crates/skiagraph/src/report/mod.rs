//! Reports for people: figures, plots and pages of evaluations.

pub(crate) mod contact_sheet;
pub(crate) mod embed;
pub(crate) mod figures;
pub(crate) mod likeness;
pub(crate) mod markdown;
pub(crate) mod plots;
pub(crate) mod results;
