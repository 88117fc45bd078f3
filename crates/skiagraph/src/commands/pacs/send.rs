//! `skiagraph send`: sends DICOM files to a PACS.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pacs::dicomweb::{self, Sent};
use pacs::scu::Peer;
use serde::Serialize;

use super::pull::ServerArgs;
use crate::output;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph send store pacs.example:104 --called PACS sr.dcm saliency.dcm
  skiagraph send dicomweb https://pacs.example/dicom-web sr.dcm --bearer token.txt

The UIDs of results follow from their content. A PACS therefore stores the same answer once, even if
it is sent twice.";

/// Send DICOM files to a PACS: store, dicomweb
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SendArgs {
    #[command(subcommand)]
    to: Destination,
}

#[derive(clap::Subcommand)]
enum Destination {
    /// Send to a classic PACS (C-STORE)
    #[command(
        after_help = "EXAMPLES:\n  skiagraph send store 127.0.0.1:4242 --called ORTHANC sr.dcm\n  \
                            skiagraph send store pacs.example:104 --called PACS --ae-title RESEARCH sr.dcm saliency.dcm --json"
    )]
    Store {
        /// Host and port of the PACS
        #[arg(value_name = "HOST:PORT")]
        peer: String,
        /// Its AE title
        #[arg(long, value_name = "TITLE")]
        called: String,
        /// AE title of this program, which the PACS must know
        #[arg(long, value_name = "TITLE", default_value = "SKIAGRAPH")]
        ae_title: String,
        #[command(flatten)]
        what: Files,
    },
    /// Send to a DICOMweb server (STOW-RS)
    #[command(
        after_help = "EXAMPLES:\n  skiagraph send dicomweb http://127.0.0.1:8042/dicom-web sr.dcm\n  \
                            skiagraph send dicomweb https://pacs.example/dicom-web sr.dcm --bearer token.txt --json"
    )]
    Dicomweb {
        #[command(flatten)]
        server: ServerArgs,
        #[command(flatten)]
        what: Files,
    },
}

#[derive(clap::Args)]
struct Files {
    /// DICOM files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The outcome for the files.
#[derive(Serialize)]
struct Report {
    stored: usize,
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    file: PathBuf,
    reason: String,
}

/// Sends the files. Fails if one of them was not stored.
pub(crate) fn run(args: &SendArgs) -> Result<()> {
    match &args.to {
        Destination::Store { peer, called, ae_title, what } => {
            let mut report = Report { stored: 0, refused: Vec::new() };
            let peer = Peer::new(peer, called, ae_title);
            peer.store(&what.files, |path, outcome| {
                report.count(path, outcome.map_err(|error| error.to_string()))
            })
            .with_context(|| format!("stored {} of {} files", report.stored, what.files.len()))?;
            what.tell(&report)
        }
        Destination::Dicomweb { server, what } => {
            let client = dicomweb::Client::new(&server.server()?)?;
            let mut report = Report { stored: 0, refused: Vec::new() };
            for path in &what.files {
                let sent = client.store(path);
                let sent = sent.with_context(|| {
                    format!("stored {} of {} files", report.stored, what.files.len())
                })?;
                report.count(
                    path,
                    match sent {
                        Sent::Stored => Ok(()),
                        Sent::Refused(reason) => {
                            Err(format!("the server refuses it with failure reason {reason:04X}"))
                        }
                    },
                );
            }
            what.tell(&report)
        }
    }
}

impl Report {
    fn count(&mut self, path: &Path, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.stored += 1,
            Err(reason) => self.refused.push(Refused { file: path.to_owned(), reason }),
        }
    }
}

impl Files {
    fn tell(&self, report: &Report) -> Result<()> {
        if self.json {
            output::json(report)?;
        } else {
            output::text(&format!("stored {} of {} files", report.stored, self.files.len()))?;
        }
        if let Some(Refused { file, reason }) = report.refused.first() {
            bail!(
                "{} of {} files were not stored; `{}`: {reason}",
                report.refused.len(),
                self.files.len(),
                file.display()
            );
        }
        Ok(())
    }
}
