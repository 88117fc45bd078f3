//! `skiagraph gallery map`: lays the gallery out in the plane.

use std::time::Instant;

use anyhow::Result;
use gallery::{Gallery, Location};
use serde_json::json;

use crate::output;
use crate::progress::Progress;

/// Draw the map of a gallery, which `serve` shows: similar pictures lie near each other
///
/// The map is kept in the gallery's folder. Pictures added later are not on it until it is drawn
/// again.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLES:\n  skiagraph gallery map g\n  skiagraph gallery map g --seed 2 --json"
)]
pub(crate) struct MapArgs {
    /// The gallery's folder, or its address on a PostgreSQL server
    #[arg(value_name = "GALLERY")]
    gallery: Location,
    /// Seed of the map's random choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &MapArgs) -> Result<()> {
    let start = Instant::now();
    let pictures = draw(&args.gallery, args.seed)?;
    let seconds = start.elapsed().as_secs_f64();
    if args.json {
        return output::json(&json!({ "pictures": pictures, "seconds": seconds }));
    }
    output::text(&format!("drew {pictures} pictures of `{}` in {seconds:.1} s", args.gallery))
}

/// Draws the map of a gallery. Returns the number of pictures on it.
pub(crate) fn draw(gallery: &Location, seed: u64) -> Result<usize> {
    let progress = Progress::steps("drawing the map", PERCENT);
    let drawn = Gallery::open(gallery)?.draw_map(seed, |share| {
        progress.at((share * PERCENT as f64) as usize, format!("{:.0} s", progress.seconds()));
    })?;
    progress.finish();
    Ok(drawn)
}

/// The number of steps of the progress bar.
const PERCENT: usize = 100;
