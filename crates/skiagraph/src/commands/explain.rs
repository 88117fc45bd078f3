//! `skiagraph explain`: draws where a model looks in a radiograph, or what makes two similar.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use answers::overlay;
use anyhow::{Context, Result};
use image::RgbImage;
use ingest::thumbnail;
use network::explain::evidence::evidence;
use network::{Encoder, Encoding};
use radiograph::{Input, Radiograph};
use serde_json::json;

use crate::model::{FinderArgs, ModelArgs};
use crate::output;

/// The longer side of each of the three pictures, in pixels.
const SIDE: u32 = 768;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph explain picture.dcm --out saliency.png
  skiagraph explain --model runs/a/model.safetensors picture.png --out saliency.png --json
  skiagraph explain picture.dcm --similar-to earlier.dcm --out why.png";

/// Draw where a model looks in a radiograph
///
/// Writes a PNG of three pictures: the radiograph, the radiograph under a saliency map, and the map
/// alone. The map is the square of the largest of the maps of findings (`train --stage saliency`),
/// or, without such a network, the model's own. Colours run from its least to its most salient
/// point, dark to bright. It shows where a network looks, not where disease is. With --similar-to,
/// the pictures are the two radiographs, each under a map of the places that make it similar to the
/// other. A place is bright if blurring it would make the two less similar.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    finder: FinderArgs,
    /// The radiograph
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// Another radiograph: draw what makes the two similar
    #[arg(long, value_name = "IMAGE")]
    similar_to: Option<PathBuf>,
    /// The PNG file to write
    #[arg(long, value_name = "PNG")]
    out: PathBuf,
    /// Print the path and the mean saliency, or the similarity of the two, as JSON
    #[arg(long)]
    json: bool,
}

/// A picture and its encoding.
struct Subject {
    radiograph: Radiograph,
    input: Input,
    encoding: Encoding,
}

impl Subject {
    fn read(path: &Path, encoder: &Encoder) -> Result<Self> {
        let (radiograph, _) = ingest::read(path)?;
        let input = encoder.preprocess().apply(&radiograph);
        let encoding = ingest::encode(encoder, std::slice::from_ref(&input))?.pop();
        Ok(Self { radiograph, input, encoding: encoding.context("the network gave no encoding")? })
    }

    /// The picture under the map of the places that make it similar to another.
    fn beside(&self, other: &Self, encoder: &Encoder) -> Result<RgbImage> {
        let found = evidence(encoder, &self.input, &other.encoding.embedding)?;
        let picture = thumbnail::shrink(&self.radiograph, SIDE);
        overlay::overlay(
            &picture,
            &found.onto(&self.input.frame, picture.width(), picture.height()),
        )
    }
}

/// Encodes one picture and draws its saliency, or two and what makes them similar.
pub(crate) fn run(args: &ExplainArgs) -> Result<()> {
    let encoder = args.finder.attach(args.model.load()?)?;
    let subject = Subject::read(&args.image, &encoder)?;
    match &args.similar_to {
        Some(other) => similarity(args, &encoder, &subject, &Subject::read(other, &encoder)?),
        None => saliency(args, &encoder, &subject),
    }
}

fn write(sheet: &RgbImage, out: &Path) -> Result<()> {
    let unwritable = || format!("cannot write `{}`", out.display());
    sheet.save_with_format(out, image::ImageFormat::Png).with_context(unwritable)
}

fn similarity(args: &ExplainArgs, encoder: &Encoder, one: &Subject, other: &Subject) -> Result<()> {
    write(
        &overlay::beside(&[one.beside(other, encoder)?, other.beside(one, encoder)?]),
        &args.out,
    )?;
    let (distance, bits) = (one.encoding.code.distance(&other.encoding.code), encoder.bits());
    if args.json {
        let model = &encoder.model_id().0;
        return output::json(
            &json!({ "path": args.out, "model": model, "distance": distance, "bits": bits }),
        );
    }
    output::text(&format!("{}: {distance} of {bits} bits differ", args.out.display()))
}

fn saliency(args: &ExplainArgs, encoder: &Encoder, subject: &Subject) -> Result<()> {
    let Subject { radiograph, encoding, .. } = subject;
    let picture = thumbnail::shrink(radiograph, SIDE);
    let look = encoder.look(radiograph)?;
    let saliency = look.map.onto(&look.frame, picture.width(), picture.height());
    let sheet = overlay::beside(&[
        overlay::in_colour(&picture),
        overlay::overlay(&picture, &saliency)?,
        overlay::map_alone(&picture, &saliency)?,
    ]);
    write(&sheet, &args.out)?;
    let mean = saliency.iter().sum::<f32>() / saliency.len().max(1) as f32;
    let least = saliency.iter().copied().fold(f32::INFINITY, f32::min);
    let most = saliency.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if args.json {
        return output::json(&json!({
            "path": args.out,
            "model": encoder.model_id().0,
            "mean_saliency": mean,
            "least_saliency": least,
            "most_saliency": most,
            "findings": look.findings.into_iter().collect::<BTreeMap<String, f32>>(),
            "code": encoding.code.to_string(),
        }));
    }
    let highest: String = look
        .findings
        .iter()
        .map(|(finding, value)| format!("; {finding} up to {value:.2}"))
        .collect();
    output::text(&format!(
        "{}: mean saliency {mean:.3} ({least:.3} to {most:.3}){highest}",
        args.out.display()
    ))
}
