//! `skiagraph audit`: checks and exports a server's audit log.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use server::audit::{self, audit_event};

use crate::output;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph audit verify audit/
  skiagraph audit export audit/ --format fhir > events.ndjson";

const VERIFY_EXAMPLES: &str = "EXAMPLES:
  skiagraph audit verify audit/
  skiagraph audit verify audit/ --head 4f0c…9b          the newest hash of an earlier day
  skiagraph audit verify audit/ --json";

const EXPORT_EXAMPLES: &str = "EXAMPLES:
  skiagraph audit export audit/
  skiagraph audit export audit/ --format fhir > events.ndjson
  skiagraph audit export audit/ --since 2026-11-01 | grep '\"who\":\"h3Fk9aQx\"'";

/// Check and export a server's audit log: verify, export
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Verify(VerifyArgs),
    Export(ExportArgs),
}

/// Check that no entry was changed, removed or inserted
///
/// It prints the newest hash. Keep that elsewhere, and give it with --head later: so you see whether
/// entries were cut off at the end.
#[derive(clap::Args)]
#[command(after_help = VERIFY_EXAMPLES)]
struct VerifyArgs {
    /// The log's folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// A hash that must be in the log: the newest one of an earlier day
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Check the log and print its entries, one a line
#[derive(clap::Args)]
#[command(after_help = EXPORT_EXAMPLES)]
struct ExportArgs {
    /// The log's folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Format of the entries
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    format: Format,
    /// Only entries from this time on: the beginning of an RFC 3339 time in UTC, such as a day
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only entries before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Print JSON, which is the default
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// The entries as they are.
    Json,
    /// FHIR R4 AuditEvents.
    Fhir,
}

/// Runs the command.
pub(crate) fn run(args: &AuditArgs) -> Result<()> {
    match &args.action {
        Action::Verify(args) => verify(args),
        Action::Export(args) => export(args),
    }
}

fn verify(args: &VerifyArgs) -> Result<()> {
    let verified = audit::verify(&args.folder, args.head.as_deref())?;
    if let (Some(head), false) = (&args.head, verified.has_head) {
        bail!(
            "`{}` does not hold the hash {head}; entries were cut off at its end, or it is another log",
            args.folder.display()
        );
    }
    if args.json {
        return output::json(&verified);
    }
    let beginning =
        if verified.complete { "from its beginning" } else { "earlier files were put away" };
    output::lines(&format!(
        "the chain holds: {} entries in {} files, {} to {} ({beginning}), {} repaired lines\nnewest hash: {}",
        verified.entries,
        verified.files,
        verified.from,
        verified.to,
        verified.repairs,
        verified.head
    ))
}

fn export(args: &ExportArgs) -> Result<()> {
    audit::each(&args.folder, &mut |entry, _| {
        let early = args.since.as_ref().is_some_and(|since| entry.time < *since);
        if early || args.until.as_ref().is_some_and(|until| entry.time >= *until) {
            return Ok(());
        }
        output::json_line(&match args.format {
            Format::Json => json!(entry),
            Format::Fhir => audit_event(&entry),
        })
    })
    .map(drop)
}
