//! Questions to a gallery and their answers, for a command and for a server alike.
//!
//! [`answer()`] finds hits and estimates their relevance. An [`Illustrator`] draws them, [`html`]
//! makes a page of that, [`overlay`] lays saliency over pictures. [`export_answer`] is for other
//! systems.

mod answer;
mod export;
pub mod html;
mod illustration;
pub mod overlay;

pub use answer::{AnswerOrder, Question, answer, example};
pub use export::{export_answer, link, relevance_at};
pub use illustration::{Asked, Illustrator, PAGE_MAX_BYTES, draw, page};

/// The library example of the README, compiled with the examples of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
