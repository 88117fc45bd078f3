//! Checks of a radiograph's pixels: an inverted or turned picture, several pictures in one, text.
//!
//! The checks need no network and refuse no picture: they are for warnings.

mod fitting;
mod orientation;
#[cfg(test)]
mod phantoms;
mod scorer;
mod several;
mod text;
mod views;

pub use orientation::{OrientationEstimate, Turn, orientation};
pub use scorer::Scorer;
pub use several::several_pictures;
pub use text::burned_in_text;
pub use views::Views;
