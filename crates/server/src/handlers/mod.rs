//! The handlers, a file for each kind of resource.

pub(super) mod application;
pub(super) mod gallery;
pub(super) mod health;
pub(super) mod jobs;
pub(super) mod queries;
pub(super) mod records;
mod saved_report;
pub(super) mod saved_searches;
pub(super) mod search;
pub(super) mod session;
