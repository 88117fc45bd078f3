//! `skiagraph pull`: fetches radiographs from a PACS.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use ingest::IngestCounts;
use pacs::dicomweb;
use pacs::inbox::{Inbox, Limits};
use pacs::orthanc::Changes;
use pacs::scp::{Config, Listener};
use pacs::scu::Peer;
use pacs::{Authorization, Event, Fetched, Query, Server};
use serde::Serialize;

use super::inbox::{Destination, deadly, tell_of_deadly, tell_of_files};
use super::listen::decodable;
use crate::interruption::end_in_order_when_interrupted;
use crate::output;

/// The pause between two requests to a feed.
const WAIT: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "EXAMPLES:
  skiagraph pull dicomweb https://pacs.example/dicom-web --inbox inbox --gallery g --modality DX \\
      --from 20260101
  skiagraph pull orthanc http://127.0.0.1:8042 --inbox inbox --gallery g --follow
  skiagraph pull move pacs.example:104 --called PACS --inbox inbox --body-part CHEST

Fetched instances are durable in the inbox, and are not fetched again. If the command was
interrupted, give it again: it continues.";

/// Fetch radiographs from a PACS: dicomweb, orthanc, move
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PullArgs {
    #[command(subcommand)]
    from: Source,
}

#[derive(clap::Subcommand)]
enum Source {
    /// Pull from a DICOMweb server: query by QIDO-RS, fetch by WADO-RS
    #[command(
        after_help = "EXAMPLES:\n  skiagraph pull dicomweb http://127.0.0.1:8042/dicom-web --inbox inbox\n  \
                            skiagraph pull dicomweb https://pacs.example/dicom-web --inbox inbox --bearer token.txt --json"
    )]
    Dicomweb {
        #[command(flatten)]
        server: ServerArgs,
        #[command(flatten)]
        wanted: Wanted,
        #[command(flatten)]
        into: Target,
    },
    /// Pull from an Orthanc: all instances that arrived there since the last time
    #[command(
        after_help = "EXAMPLES:\n  skiagraph pull orthanc http://127.0.0.1:8042 --inbox inbox\n  \
                            skiagraph pull orthanc http://127.0.0.1:8042 --inbox inbox --gallery g --follow"
    )]
    Orthanc {
        #[command(flatten)]
        server: ServerArgs,
        /// Ask again every five seconds, until interrupted
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        into: Target,
    },
    /// Pull from a classic PACS: query by C-FIND, receive by C-MOVE
    ///
    /// The PACS must know this program's AE title and address.
    #[command(
        after_help = "EXAMPLES:\n  skiagraph pull move 127.0.0.1:4242 --called ORTHANC --inbox inbox\n  \
                            skiagraph pull move pacs.example:104 --called PACS --inbox inbox --address 0.0.0.0 --json"
    )]
    Move {
        #[command(flatten)]
        peer: PeerArgs,
        #[command(flatten)]
        wanted: Wanted,
        #[command(flatten)]
        into: Target,
    },
}

/// A DICOMweb server or an Orthanc.
#[derive(clap::Args)]
pub(super) struct ServerArgs {
    /// The server's address
    #[arg(value_name = "URL")]
    url: String,
    /// File with NAME:PASSWORD for the server
    #[arg(long, value_name = "FILE", conflicts_with = "bearer")]
    basic: Option<PathBuf>,
    /// File with a token for the server
    #[arg(long, value_name = "FILE")]
    bearer: Option<PathBuf>,
    /// Authorities (PEM) that sign the server's certificate [default: those that browsers trust]
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
}

#[derive(clap::Args)]
struct PeerArgs {
    /// Host and port of the PACS
    #[arg(value_name = "HOST:PORT")]
    peer: String,
    /// Its AE title
    #[arg(long, value_name = "TITLE")]
    called: String,
    /// AE title of this program, which the PACS must know
    #[arg(long, value_name = "TITLE", default_value = "SKIAGRAPH")]
    ae_title: String,
    /// Address to receive at
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port to receive at
    #[arg(long, default_value_t = 11112)]
    port: u16,
}

/// The query.
#[derive(clap::Args)]
struct Wanted {
    /// Modality, such as CR or DX [default: any]
    #[arg(long, value_name = "CODE")]
    modality: Option<String>,
    /// Studies from this day on
    #[arg(long, value_name = "YYYYMMDD")]
    from: Option<String>,
    /// Studies up to and including this day
    #[arg(long, value_name = "YYYYMMDD")]
    to: Option<String>,
    /// Body Part Examined, such as CHEST
    #[arg(long, value_name = "CODE")]
    body_part: Option<String>,
    /// Maximum number of series
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

/// The destination.
#[derive(clap::Args)]
struct Target {
    /// Folder in which instances wait; made if it does not exist
    #[arg(long, value_name = "FOLDER")]
    inbox: PathBuf,
    #[command(flatten)]
    destination: Destination,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    new: u64,
    known: u64,
    /// The number of instances whose data set differs from the first under their UID, which is
    /// kept.
    differing: u64,
    passed_over: u64,
    #[serde(flatten)]
    taken: Option<IngestCounts>,
    /// Names of instances that were put aside, now or earlier, because processes died while working
    /// on them.
    set_aside: Vec<String>,
}

/// Fetches, and encodes if a gallery is given.
pub(crate) fn run(args: &PullArgs) -> Result<()> {
    match &args.from {
        Source::Dicomweb { server, wanted, into } => {
            let client = dicomweb::Client::new(&server.server()?)?;
            into.fill(|inbox| Ok(client.pull(&wanted.query(), wanted.limit, inbox, &said)?))
        }
        Source::Orthanc { server, follow, into } => {
            let feed = Changes::new(&server.server()?)?;
            let fill = || into.fill(|inbox| Ok(feed.pull(inbox, &said)?));
            if !*follow {
                return fill();
            }
            // Warnings are printed, but do not end the command.
            let fill = || match fill() {
                Err(error) if output::warned(&error).is_some() => Ok(()),
                ingested => ingested,
            };
            fill()?;
            loop {
                thread::sleep(WAIT);
                // A server's absence does not end the command: the next request continues where the
                // last ended.
                fill().unwrap_or_else(|error| output::note(&format!("{error:#}; asking again")));
            }
        }
        Source::Move { peer, wanted, into } => into.fill(|inbox| peer.fetch(wanted, inbox)),
    }
}

/// Prints an event, which has no patient data.
fn said(event: &Event) {
    output::note(&event.to_string());
}

impl ServerArgs {
    pub(super) fn server(&self) -> Result<Server> {
        let authorization = match (&self.basic, &self.bearer) {
            (Some(file), _) => Some(Authorization::basic(file)?),
            (_, Some(file)) => Some(Authorization::bearer(file)?),
            _ => None,
        };
        Ok(Server {
            authorization,
            authorities: self.authorities.clone(),
            ..Server::new(&self.url)
        })
    }
}

impl Wanted {
    fn query(&self) -> Query {
        Query {
            modality: self.modality.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            body_part: self.body_part.clone(),
        }
    }
}

impl PeerArgs {
    /// Asks the PACS to send each matching series, and receives meanwhile.
    fn fetch(&self, wanted: &Wanted, inbox: &Inbox) -> Result<Fetched> {
        let listener = Listener::bind(&Config {
            address: SocketAddr::new(self.address, self.port),
            ae_title: self.ae_title.clone(),
            transfer_syntaxes: decodable(),
            ..Config::default()
        })?;
        let peer = Peer::new(&self.peer, &self.called, &self.ae_title);
        Ok(peer.pull(&wanted.query(), wanted.limit, &listener, inbox, &said)?)
    }
}

impl Target {
    fn fill(&self, fetch: impl FnOnce(&Inbox) -> Result<Fetched>) -> Result<()> {
        let inbox = Inbox::open(&self.inbox, Limits::default())?;
        let Fetched { new, known, differing, passed_over } =
            fetch(&inbox).context("cannot fetch all of it")?;
        // A model is loaded only if there is work for it.
        let counts = inbox.counts()?;
        let to_encode = self.destination.is_given() && counts.waiting + counts.taken > 0;
        let work = || {
            let mut inbox_ingest = self.destination.inbox_ingest(&inbox)?;
            end_in_order_when_interrupted(inbox_ingest.consumer.attempts())?;
            inbox_ingest.work(&AtomicBool::new(false), |report, _| tell_of_files(report))
        };
        let taken = to_encode.then(work).transpose()?;
        let set_aside = deadly(&inbox)?;
        let warned = taken.map_or(0, |taken| taken.differing) + differing as usize;
        let warning = output::warn(set_aside.len(), warned, 0);
        if self.json {
            output::json(&Report { new, known, differing, passed_over, taken, set_aside })?;
            return warning;
        }
        tell_of_deadly(&set_aside);
        let encoded =
            taken.map_or(String::new(), |t| format!("; encoded {}, failed {}", t.added, t.failed));
        output::text(&format!(
            "fetched {new}, known before {known}, passed over {passed_over}{encoded}"
        ))?;
        warning
    }
}
