//! An estimate of whether a picture is inverted or turned.

use std::sync::LazyLock;

use super::scorer::Scorer;
use super::views::Views;
use crate::radiograph::Radiograph;

/// A picture is called inverted above this chance: below it are 99 % of training pictures that the
/// scorer had not seen.
const INVERTED: f64 = 0.573;
/// A picture is called turned above this chance, chosen in the same way.
const TURNED: f64 = 0.987;

static SCORER: LazyLock<Scorer> = LazyLock::new(Scorer::built_in);

/// The chances that a picture is not the right way round; each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrientationEstimate {
    /// The chance that black and white are exchanged.
    pub inverted: f64,
    /// The chances that it was turned to the left by one, two or three quarters.
    pub turned: [f64; 3],
}

/// The turn that a picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A quarter turn clockwise would right it.
    Left,
    /// Half a turn would right it.
    UpsideDown,
    /// A quarter turn counter-clockwise would right it.
    Right,
}

/// Estimates from a radiograph's pixels whether it is the right way round.
///
/// Limbs lie in their pictures in all directions, so that turns are seldom certain there.
#[must_use]
pub fn orientation(radiograph: &Radiograph) -> OrientationEstimate {
    OrientationEstimate::by(&SCORER, &Views::of(radiograph))
}

impl OrientationEstimate {
    /// Estimates the chances with a given scorer.
    #[must_use]
    pub fn by(scorer: &Scorer, views: &Views) -> Self {
        let chances = scorer.chances(views);
        let inverted = chances[4..].iter().sum();
        Self {
            inverted,
            turned: [1, 2, 3].map(|quarters| chances[quarters] + chances[quarters + 4]),
        }
    }

    /// Whether black and white are probably exchanged.
    #[must_use]
    pub fn is_inverted(&self) -> bool {
        self.inverted > INVERTED
    }

    /// Its turn, if it was probably turned.
    #[must_use]
    pub fn turn(&self) -> Option<Turn> {
        let turns = [Turn::Left, Turn::UpsideDown, Turn::Right];
        let likeliest = self.turned.into_iter().zip(turns).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (self.turned.iter().sum::<f64>() > TURNED).then_some(likeliest.1)
    }
}
