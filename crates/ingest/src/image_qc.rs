//! Doubts about a picture before it is searched for or stored. They are warnings: no picture is
//! refused for them.

use anyhow::Result;
use network::{Encoder, Encoding};
use radiograph::image_qc::{self, Turn};
use radiograph::{Input, Radiograph};
use serde::Serialize;

/// A doubt about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Black and white seem exchanged.
    Inverted,
    /// It seems turned a quarter to the left.
    TurnedLeft,
    /// It seems upside down.
    UpsideDown,
    /// It seems turned a quarter to the right.
    TurnedRight,
    /// The model knows nothing like it.
    UnlikeEverythingKnown,
    /// It seems to be several pictures in one.
    SeveralPictures,
    /// It seems to have text in it.
    BurnedInText,
}

/// A doubtful picture and its doubts.
#[derive(Debug, Serialize)]
pub struct Doubtful {
    /// The picture's name.
    pub name: String,
    /// Its doubts, at least one.
    pub doubts: Vec<Doubt>,
}

impl Doubt {
    /// The doubt in words, after the name of a picture.
    pub fn text(self) -> &'static str {
        match self {
            Self::Inverted => "seems inverted: black and white exchanged",
            Self::TurnedLeft => "seems turned a quarter to the left",
            Self::UpsideDown => "seems upside down",
            Self::TurnedRight => "seems turned a quarter to the right",
            Self::UnlikeEverythingKnown => {
                "is unlike everything that the model knows: perhaps no radiograph"
            }
            Self::SeveralPictures => "seems to be several pictures in one",
            Self::BurnedInText => "seems to have text in it, which may name a patient",
        }
    }
}

impl Doubtful {
    /// Returns `None` for a picture without doubts.
    pub fn new(name: &str, doubts: &[Doubt]) -> Option<Self> {
        (!doubts.is_empty()).then(|| Self { name: name.to_owned(), doubts: doubts.to_vec() })
    }
}

impl From<Turn> for Doubt {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Left => Self::TurnedLeft,
            Turn::UpsideDown => Self::UpsideDown,
            Turn::Right => Self::TurnedRight,
        }
    }
}

/// The doubts from the pixels, and from the file's own statements.
pub fn of_pixels(radiograph: &Radiograph) -> Vec<Doubt> {
    let orientation = image_qc::orientation(radiograph);
    // A file that denies text is not believed.
    let text = radiograph.header().burned_in || image_qc::burned_in_text(radiograph);
    let found = [
        orientation.is_inverted().then_some(Doubt::Inverted),
        orientation.turn().map(Doubt::from),
        image_qc::several_pictures(radiograph).then_some(Doubt::SeveralPictures),
        text.then_some(Doubt::BurnedInText),
    ];
    found.into_iter().flatten().collect()
}

/// The doubt of a network that has estimates. If it does not know a picture, it looks again without
/// the faults that the pixels are suspected of, and without the surroundings. Clinical pictures
/// have borders, markers and inversions.
///
/// # Errors
/// If it cannot be encoded.
pub fn of_network(
    encoder: &Encoder,
    input: &Input,
    encoding: &Encoding,
    doubts: &[Doubt],
) -> Result<Option<Doubt>> {
    let Some(estimator) = &encoder.card().estimator else { return Ok(None) };
    let mut embeddings = vec![encoding.embedding.clone()];
    if estimator.is_strange(&embeddings) {
        let upright = corrected(input, doubts);
        let again = [input.inner(), upright.inner(), upright];
        embeddings.extend(encoder.encode(&again)?.into_iter().map(|encoding| encoding.embedding));
    }
    Ok(estimator.is_strange(&embeddings).then_some(Doubt::UnlikeEverythingKnown))
}

/// The picture with the suspected faults corrected.
fn corrected(input: &Input, doubts: &[Doubt]) -> Input {
    let mut corrected =
        if doubts.contains(&Doubt::Inverted) { input.inverted() } else { input.clone() };
    // Quarter turns clockwise that undo the suspected one.
    let undo = [(Doubt::TurnedLeft, 1), (Doubt::UpsideDown, 2), (Doubt::TurnedRight, 3)];
    let turns =
        undo.iter().find(|(doubt, _)| doubts.contains(doubt)).map_or(0, |(_, turns)| *turns);
    for _ in 0..turns {
        corrected = corrected.turned();
    }
    corrected
}
