//! `skiagraph listen`: receives from a PACS, and indexes what it receives.

mod received;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use ingest::{InboxIngest, IngestCounts};
use pacs::Authorization;
use pacs::dicomweb::server;
use pacs::inbox::{Inbox, Limits};
use pacs::scp::{Config, Listener, Stopper};
use received::Received;

use super::inbox::{Destination, deadly, tell_of_deadly, tell_of_files};
use crate::tls::TlsArgs;

/// The time that the encoding thread waits for an instance to arrive.
const WAIT: Duration = Duration::from_millis(300);

const EXAMPLES: &str = "EXAMPLES:
  skiagraph listen --inbox inbox --gallery g
  skiagraph listen --inbox inbox --gallery g --ae-title XRAYS --port 104 --address 0.0.0.0 \\
      --caller PACS1
  skiagraph listen --inbox inbox --gallery g --deidentify site.key
  skiagraph listen --inbox inbox --store-only --json
  skiagraph listen --inbox inbox --gallery g --dicomweb 127.0.0.1:8043 --dicomweb-bearer token.txt

The sender gets the answer success when an instance lies on the disk. Encoding follows. If the
command ends before, even by a kill, the next `listen` or `skiagraph inbox work` encodes the rest.";

/// Receive radiographs from a PACS or a modality (C-STORE, C-ECHO, STOW-RS) and put them into a
/// gallery
///
/// Listens until interrupted. Instances that cannot be decoded are put aside with the reason: see
/// `skiagraph inbox`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, group(clap::ArgGroup::new("where").required(true).args(["gallery", "store_only"])))]
pub(crate) struct ListenArgs {
    /// Folder in which instances wait; made if it does not exist
    #[arg(long, value_name = "FOLDER")]
    inbox: PathBuf,
    #[command(flatten)]
    destination: Destination,
    /// Only store instances; encode them later with `skiagraph inbox work`
    #[arg(long)]
    store_only: bool,
    /// AE title of this program
    #[arg(long, value_name = "TITLE", default_value = "SKIAGRAPH")]
    ae_title: String,
    /// Address to listen on; the default accepts this machine alone
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port; 0 lets the system choose
    #[arg(long, default_value_t = 11112)]
    port: u16,
    /// AE title that may call; may be repeated [default: any]
    #[arg(long = "caller", value_name = "TITLE")]
    callers: Vec<String>,
    /// Associations at a time
    #[arg(long, value_name = "N", default_value_t = 16)]
    max_associations: usize,
    #[command(flatten)]
    tls: TlsArgs,
    /// Also accept instances posted to /dicom-web/studies at this address (DICOMweb, STOW-RS), with
    /// TLS if --tls-certificate is given
    #[arg(long, value_name = "IP:PORT")]
    dicomweb: Option<SocketAddr>,
    /// File with NAME:PASSWORD, which DICOMweb clients must send
    #[arg(long, value_name = "FILE", requires = "dicomweb", conflicts_with = "dicomweb_bearer")]
    dicomweb_basic: Option<PathBuf>,
    /// File with a token, which DICOMweb clients must send
    #[arg(long, value_name = "FILE", requires = "dicomweb")]
    dicomweb_bearer: Option<PathBuf>,
    /// Print the report as JSON at the end
    #[arg(long)]
    json: bool,
}

/// Listens, and encodes what arrives.
pub(crate) fn run(args: &ListenArgs) -> Result<()> {
    let listener = Listener::bind(&args.config())?;
    let web = args.web()?.map(|config| server::Listener::bind(&config)).transpose()?;
    let inbox = Arc::new(Inbox::open(&args.inbox, Limits::default())?);
    let mut inbox_ingest =
        if args.store_only { None } else { Some(args.destination.inbox_ingest(&inbox)?) };
    let posting = web.as_ref().map(server::Listener::stopper);
    let end = End { sending: listener.stopper(), posting };
    end.when_interrupted()?;
    eprintln!("listening at {} as {}; Ctrl-C ends it", listener.address(), args.ae_title);
    if let Some(web) = &web {
        eprintln!("listening at {} for DICOMweb", web.address());
    }
    let received = Arc::new(Received::default());
    let (end, inbox, hear) = (&end, &inbox, received.listener());
    let taken = thread::scope(|scope| {
        let (kept, heard) = (Arc::clone(inbox), Arc::clone(&hear));
        let sent = scope.spawn(|| end.after(listener.serve(inbox, &*hear)));
        let posted = web.map(|web| scope.spawn(move || end.after(web.serve(kept, heard))));
        let taken = end.after(
            inbox_ingest
                .as_mut()
                .map_or(Ok(IngestCounts::default()), |inbox_ingest| follow(inbox_ingest, inbox)),
        );
        for listening in [Some(sent), posted].into_iter().flatten() {
            listening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        taken
    })?;
    received.report(taken, deadly(inbox)?, args.json)
}

impl ListenArgs {
    fn config(&self) -> Config {
        Config {
            address: SocketAddr::new(self.address, self.port),
            ae_title: self.ae_title.clone(),
            callers: self.callers.clone(),
            transfer_syntaxes: decodable(),
            max_associations: self.max_associations,
            tls: self.tls.server(),
            ..Config::default()
        }
    }

    /// The configuration of DICOMweb; `None` if it was not asked for.
    fn web(&self) -> Result<Option<server::Config>> {
        let Some(address) = self.dicomweb else { return Ok(None) };
        let authorization = match (&self.dicomweb_basic, &self.dicomweb_bearer) {
            (Some(file), _) => Some(Authorization::basic(file)?),
            (_, Some(file)) => Some(Authorization::bearer(file)?),
            _ => None,
        };
        let (transfer_syntaxes, tls) = (decodable(), self.tls.server());
        Ok(Some(server::Config {
            address,
            authorization,
            transfer_syntaxes,
            tls,
            ..server::Config::default()
        }))
    }
}

/// The transfer syntaxes to offer: those that the decoder reads.
pub(super) fn decodable() -> Vec<String> {
    radiograph::transfer_syntaxes().map(String::from).collect()
}

/// Set when the command is to end.
static STOP: AtomicBool = AtomicBool::new(false);

/// The stoppers of all that listens.
#[derive(Clone)]
struct End {
    sending: Stopper,
    posting: Option<server::Stopper>,
}

impl End {
    fn now(&self) {
        STOP.store(true, Ordering::Relaxed);
        self.sending.stop();
        self.posting.iter().for_each(server::Stopper::stop);
    }

    /// Ends them at SIGINT and SIGTERM.
    fn when_interrupted(&self) -> Result<()> {
        let end = self.clone();
        ctrlc::set_handler(move || end.now()).context("cannot listen for interrupts")
    }

    /// Ends them if one of them fails, so that the others do not go on alone.
    fn after<T, E>(&self, outcome: std::result::Result<T, E>) -> std::result::Result<T, E> {
        outcome.inspect_err(|_| self.now())
    }
}

/// Encodes instances as they arrive.
fn follow(inbox_ingest: &mut InboxIngest, inbox: &Inbox) -> Result<IngestCounts> {
    let (mut total, mut told) = (IngestCounts::default(), false);
    while !STOP.load(Ordering::Relaxed) {
        let taken = inbox_ingest.work(&STOP, |report, _| tell_of_files(report))?;
        if taken.added + taken.known + taken.failed > 0 {
            eprintln!("encoded {}, known {}, failed {}", taken.added, taken.known, taken.failed);
        }
        // The first look at the waiting instances puts aside those on which earlier processes died.
        if !std::mem::replace(&mut told, true) {
            tell_of_deadly(&deadly(inbox)?);
        }
        total = total.and(taken);
        thread::sleep(WAIT);
    }
    Ok(total)
}
