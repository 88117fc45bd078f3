//! Whether a picture is the right way round.

use std::sync::LazyLock;

use super::scorer::Scorer;
use super::views::Views;
use crate::radiograph::Radiograph;

/// A picture is called inverted above this chance: below it are 99 % of training pictures that the
/// scorer had not seen.
const INVERTED: f64 = 0.573;
/// The same for turned ones.
const TURNED: f64 = 0.987;

static SCORER: LazyLock<Scorer> = LazyLock::new(Scorer::built_in);

/// How likely a picture is not the right way round; each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posture {
    /// That black and white are exchanged.
    pub inverted: f64,
    /// That it was turned to the left by one, two or three quarters.
    pub turned: [f64; 3],
}

/// How a picture was turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A quarter turn clockwise would right it.
    Left,
    /// Half a turn would.
    UpsideDown,
    /// A quarter turn counter-clockwise would.
    Right,
}

/// How likely a radiograph is not the right way round, by its own pixels.
///
/// Limbs lie in their pictures in all directions, so that turns are seldom certain there.
#[must_use]
pub fn posture(radiograph: &Radiograph) -> Posture {
    Posture::by(&SCORER, &Views::of(radiograph))
}

impl Posture {
    /// By a scorer that may be another than the built-in one.
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

    /// How it was probably turned.
    #[must_use]
    pub fn turn(&self) -> Option<Turn> {
        let turns = [Turn::Left, Turn::UpsideDown, Turn::Right];
        let likeliest = self.turned.into_iter().zip(turns).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (self.turned.iter().sum::<f64>() > TURNED).then_some(likeliest.1)
    }
}
