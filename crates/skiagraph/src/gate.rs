//! What is doubtful about a picture before it is searched for or stored: it may be inverted, turned, no radiograph of a kind that
//! the model knows, several pictures in one, or have text in it.

use anyhow::Result;
use network::{Encoder, Encoding};
use radiograph::{Input, Radiograph, gate};
use serde::Serialize;

/// How much less strange a picture has to be another way round, as a share of its own strangeness.
const LESS_STRANGE: f64 = 0.8;

/// Something doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Doubt {
    Inverted,
    /// A quarter turn clockwise would right it.
    TurnedLeft,
    UpsideDown,
    /// A quarter turn counter-clockwise would right it.
    TurnedRight,
    UnlikeEverythingKnown,
    SeveralPictures,
    BurnedInText,
}

impl Doubt {
    /// In words, after the name of a picture.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Inverted => "seems inverted: black and white exchanged",
            Self::TurnedLeft => "seems turned a quarter to the left",
            Self::UpsideDown => "seems upside down",
            Self::TurnedRight => "seems turned a quarter to the right",
            Self::UnlikeEverythingKnown => "is unlike everything that the model knows: perhaps no radiograph",
            Self::SeveralPictures => "seems to be several pictures in one",
            Self::BurnedInText => "seems to have text in it, which may name a patient",
        }
    }
}

/// How strange a picture is to the model, as it is and in other ways round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Strangeness {
    as_given: f64,
    inverted: f64,
    turned_clockwise: f64,
    upside_down: f64,
    turned_counter_clockwise: f64,
}

/// Doubts from the pixels alone.
pub(crate) fn of_pixels(radiograph: &Radiograph) -> Vec<Doubt> {
    let several = gate::several_pictures(radiograph).then_some(Doubt::SeveralPictures);
    let text = gate::burned_in_text(radiograph).then_some(Doubt::BurnedInText);
    several.into_iter().chain(text).collect()
}

/// What a network makes of a picture, and what it doubts.
pub(crate) struct Judged {
    /// Of the picture as it is.
    pub(crate) encoding: Encoding,
    pub(crate) doubts: Vec<Doubt>,
    /// None for a model without estimates.
    pub(crate) strangeness: Option<Strangeness>,
}

/// Encodes a picture and, where the model has estimates, asks what would look more like what it knows if it were put another
/// way.
pub(crate) fn judge(encoder: &Encoder, input: &Input) -> Result<Judged> {
    let Some(estimator) = &encoder.card().estimator else {
        let encoding = encoder.encode(std::slice::from_ref(input))?.remove(0);
        return Ok(Judged { encoding, doubts: Vec::new(), strangeness: None });
    };
    let (clockwise, half) = (input.turned(), input.turned().turned());
    let ways = [input.clone(), input.inverted(), clockwise, half.clone(), half.turned()];
    let mut encodings = encoder.encode(&ways)?;
    let [as_given, inverted, turned_clockwise, upside_down, turned_counter_clockwise] =
        std::array::from_fn(|way| estimator.strangeness(&encodings[way].embedding));
    let strangeness =
        Strangeness { as_given, inverted, turned_clockwise, upside_down, turned_counter_clockwise };
    let mut doubts = Vec::from_iter(strangeness.doubt());
    let encoding = encodings.swap_remove(0);
    if estimator.is_novel(&encoding.embedding) {
        doubts.push(Doubt::UnlikeEverythingKnown);
    }
    Ok(Judged { encoding, doubts, strangeness: Some(strangeness) })
}

impl Strangeness {
    /// The way round in which the picture is least strange, if that is much less than as it is.
    fn doubt(&self) -> Option<Doubt> {
        let ways = [
            (self.inverted, Doubt::Inverted),
            (self.turned_clockwise, Doubt::TurnedLeft),
            (self.upside_down, Doubt::UpsideDown),
            (self.turned_counter_clockwise, Doubt::TurnedRight),
        ];
        let least = ways.into_iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
        (least.0 < LESS_STRANGE * self.as_given).then_some(least.1)
    }
}
