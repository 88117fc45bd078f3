//! `skiagraph explain`: where a model looks in a radiograph.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;

use crate::ingest;
use crate::model::ModelArgs;
use crate::output;
use crate::report::overlay;

/// The longer side of each of the three pictures, in pixels.
const SIDE: u32 = 768;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph explain picture.dcm --out saliency.png
  skiagraph explain --model runs/a/model.safetensors picture.png --out saliency.png --json";

/// Draw where a model looks in a radiograph
///
/// Writes a PNG of three pictures: the radiograph, the radiograph under its saliency map, and the map
/// alone. Colours run from the map's least to its most salient point, dark to bright. The map shows
/// what the network uses, not what is ill.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The radiograph
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// The PNG file to write
    #[arg(long, value_name = "PNG")]
    out: PathBuf,
    /// Print the path and the mean saliency as JSON
    #[arg(long)]
    json: bool,
}

/// Encodes one picture and draws its saliency.
pub(crate) fn run(args: &ExplainArgs) -> Result<()> {
    let (radiograph, _) = ingest::read(&args.image)?;
    let encoder = args.model.load()?;
    let input = encoder.preprocess().apply(&radiograph);
    let encodings = ingest::encode(&encoder, std::slice::from_ref(&input))?;
    let encoding = encodings.first().context("the network gave no encoding")?;
    let picture = overlay::shrink(&radiograph, SIDE);
    let saliency = encoding.saliency.onto(&input.frame, picture.width(), picture.height());
    let sheet = overlay::beside(&[
        overlay::in_colour(&picture),
        overlay::overlay(&picture, &saliency)?,
        overlay::map_alone(&picture, &saliency)?,
    ]);
    let unwritable = || format!("cannot write `{}`", args.out.display());
    sheet.save_with_format(&args.out, image::ImageFormat::Png).with_context(unwritable)?;
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
            "code": encoding.code.to_string(),
        }));
    }
    output::text(&format!("{}: mean saliency {mean:.3} ({least:.3} to {most:.3})", args.out.display()))
}
