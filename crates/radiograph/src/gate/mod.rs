//! What a radiograph's pixels tell of mistakes made before it came: inverted, turned, several
//! pictures in one, text in it.
//!
//! Nothing here needs a network or refuses a picture: it is for warnings.

mod fitting;
mod posture;
mod scorer;
mod several;
mod text;
mod views;

pub use posture::{Posture, Turn, posture};
pub use scorer::Scorer;
pub use several::several_pictures;
pub use text::burned_in_text;
pub use views::Views;
