//! `skiagraph gallery`: describes, checks and maintains a gallery.

mod copies;
mod map;
mod reindex;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use gallery::{Gallery, Location, Problem};
use serde_json::json;
use server::Sets;

use crate::output;

pub(crate) use map::draw;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph gallery info g
  skiagraph gallery verify g
  skiagraph gallery delete g 12 1.2.840.113619.2.55.3";

/// Look after a gallery: info, verify, delete, compact, reindex, map, backup, export, import
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GalleryArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show what a gallery holds and which model built it
    #[command(
        after_help = "EXAMPLES:\n  skiagraph gallery info g\n  skiagraph gallery info g --json"
    )]
    Info(Folder),
    /// Check that every record, code, embedding and thumbnail is whole, and that the index agrees
    ///
    /// Fails if anything is wrong, after naming each problem.
    #[command(
        after_help = "EXAMPLES:\n  skiagraph gallery verify g\n  skiagraph gallery verify g --json"
    )]
    Verify(Folder),
    /// Delete pictures from a gallery at once and for good, thumbnails included
    ///
    /// If one of them does not exist, nothing is deleted. `gallery compact` then wipes their last
    /// bytes.
    #[command(after_help = "EXAMPLES:\n  skiagraph gallery delete g 12\n  \
                            skiagraph gallery delete g 1.2.840.113619.2.55.3 --json")]
    Delete(Delete),
    /// Make a gallery as small as its contents, and wipe deleted pictures from every file
    #[command(
        after_help = "EXAMPLES:\n  skiagraph gallery compact g\n  skiagraph gallery compact g --json"
    )]
    Compact(Compact),
    Reindex(reindex::ReindexArgs),
    Map(map::MapArgs),
    /// Copy a gallery to a new folder while it is used
    #[command(after_help = "EXAMPLES:\n  skiagraph gallery backup g g-2026-11-30\n  \
                            skiagraph gallery backup g copies/g --json")]
    Backup(copies::Backup),
    /// Write a gallery as Parquet, with a manifest, for other programs and for `gallery import`
    #[command(after_help = "EXAMPLES:\n  skiagraph gallery export g g-export\n  \
                            skiagraph gallery export g g-export --deidentify site.key --json\n  \
                            python -c 'import pandas; print(pandas.read_parquet(\"g-export/gallery.parquet\"))'")]
    Export(copies::Export),
    /// Make a gallery from the output of `gallery export` or `encode`, or add it to one
    #[command(after_help = "EXAMPLES:\n  skiagraph gallery import g-export g2 --json\n  \
                            skiagraph gallery import shards/* g2\n  \
                            skiagraph gallery import --add shards/* postgres://site@db.example/gallery")]
    Import(copies::Import),
}

#[derive(clap::Args)]
struct Folder {
    /// The gallery's folder, or its address on a PostgreSQL server
    #[arg(value_name = "GALLERY")]
    gallery: Location,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

// A comment on this struct would replace the command's help.
#[derive(clap::Args)]
struct SetsArgs {
    /// File of saved answers, of `serve --sets` [default: sets.sqlite in the gallery's folder]
    #[arg(long, value_name = "FILE")]
    sets: Option<PathBuf>,
}

impl SetsArgs {
    /// The saved answers, if there are any.
    fn open(&self, gallery: &Location) -> Result<Option<Sets>> {
        if let Some(missing) = self.sets.as_ref().filter(|path| !path.exists()) {
            bail!("there is no file of saved answers `{}`", missing.display());
        }
        Sets::of(gallery, self.sets.as_deref())
    }
}

#[derive(clap::Args)]
struct Compact {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    sets: SetsArgs,
}

#[derive(clap::Args)]
struct Delete {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    sets: SetsArgs,
    /// Keys (SOP Instance UID or content hash) or ids (the numbers in `search --json`)
    #[arg(value_name = "KEY_OR_ID", required = true)]
    pictures: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &GalleryArgs) -> Result<()> {
    match &args.action {
        Action::Info(folder) => info(folder),
        Action::Verify(folder) => verify(folder),
        Action::Delete(args) => delete(args),
        Action::Compact(args) => compact(args),
        Action::Reindex(args) => reindex::run(args),
        Action::Map(args) => map::run(args),
        Action::Backup(args) => copies::back_up(args),
        Action::Export(args) => copies::export(args),
        Action::Import(pair) => copies::import(pair),
    }
}

fn info(args: &Folder) -> Result<()> {
    let mut info = Gallery::open(&args.gallery)?.info()?;
    if args.json {
        return output::json(&info);
    }
    for (name, _) in info.sources.iter_mut().chain(&mut info.labels) {
        *name = output::plain(name).into_owned();
    }
    output::lines(&info.to_string())?;
    if info.unindexed > 0 {
        output::note("help: `skiagraph gallery verify` names what cannot be found, and why");
    }
    Ok(())
}

fn verify(args: &Folder) -> Result<()> {
    let problems = Gallery::open(&args.gallery)?.verify()?;
    let described: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if args.json {
        output::json(&json!({ "sound": described.is_empty(), "problems": described }))?;
    } else {
        for problem in &described {
            output::text(problem)?;
        }
    }
    if !described.is_empty() {
        if problems.iter().any(is_of_index) {
            output::note("help: `skiagraph gallery compact` makes the index anew");
        }
        bail!("the gallery `{}` has {} problems", args.gallery, described.len());
    }
    if args.json { Ok(()) } else { output::text("the gallery is sound") }
}

/// Tells whether the database is sound and the index lacks a code or has one too many.
fn is_of_index(problem: &Problem) -> bool {
    matches!(problem, Problem::NotIndexed { .. } | Problem::Strangers { .. })
}

fn delete(args: &Delete) -> Result<()> {
    let mut gallery = Gallery::open(&args.folder.gallery)?;
    // All of them are looked up first, so that a mistyped name deletes nothing.
    let ids =
        args.pictures.iter().map(|picture| find(&gallery, picture)).collect::<Result<Vec<_>>>();
    let ids = ids.context("nothing was deleted")?;
    let sets = args.sets.open(&args.folder.gallery).context("nothing was deleted")?;
    let deleted = gallery.delete(&ids);
    // They are removed from the saved answers even if their last bytes in the gallery could not be
    // overwritten.
    let sets = sets.map_or(Ok(0), |sets| sets.forget(&ids));
    let (deleted, sets) =
        (deleted?, sets.context("the saved answers still have what was deleted")?);
    if args.folder.json {
        return output::json(&json!({ "deleted": deleted, "size": gallery.len(), "sets": sets }));
    }
    let (of, size) = (&args.folder.gallery, gallery.len());
    output::text(&format!(
        "deleted {deleted}, shown by {sets} saved answers; `{of}` holds {size} pictures"
    ))
}

fn compact(Compact { folder: args, sets }: &Compact) -> Result<()> {
    let mut gallery = Gallery::open(&args.gallery)?;
    if let Some(file) = sets.open(&args.gallery)? {
        let beside = sets.sets.as_deref().and_then(Path::parent).or_else(|| args.gallery.folder());
        file.compact(&gallery, beside.unwrap_or(Path::new(".")))?;
    }
    let compacted = gallery.compact()?;
    if args.json {
        return output::json(&compacted);
    }
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (before, after) = (megabytes(compacted.before), megabytes(compacted.after));
    output::text(&format!("`{}` took {before:.1} MB, and takes {after:.1} MB", args.gallery))
}

/// The id of a picture that is given by key or by id.
pub(super) fn find(gallery: &Gallery, picture: &str) -> Result<u64> {
    if let Some(id) = gallery.id_of(picture)? {
        return Ok(id);
    }
    match picture.parse() {
        Ok(id) if gallery.record(id).is_ok() => Ok(id),
        _ => bail!("the gallery has no picture with the key or id `{picture}`"),
    }
}
