//! Every command of the binary, one file each.

pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod calibrate;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod deidentify;
pub(crate) mod demo;
pub(crate) mod encode;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod gallery;
pub(crate) mod index;
#[cfg(feature = "pacs")]
mod pacs;
#[cfg(not(feature = "pacs"))]
#[path = "pacs_absent.rs"]
mod pacs;
pub(crate) mod queue;
pub(crate) mod saliency;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod train;
pub(crate) mod worker;

pub(crate) use pacs::{inbox, listen, pull, send};

/// The commands of the binary. The documentation of each command's arguments is its help.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Demo(demo::DemoArgs),
    Train(train::TrainArgs),
    Calibrate(calibrate::CalibrateArgs),
    Index(index::IndexArgs),
    Queue(queue::QueueArgs),
    Worker(worker::WorkerArgs),
    Encode(encode::EncodeArgs),
    Check(check::CheckArgs),
    // These two are boxed, as they have far more options than the others.
    Search(Box<search::SearchArgs>),
    Eval(eval::EvalArgs),
    Compare(compare::CompareArgs),
    Explain(explain::ExplainArgs),
    Saliency(saliency::SaliencyArgs),
    Gallery(gallery::GalleryArgs),
    Listen(listen::ListenArgs),
    Pull(pull::PullArgs),
    Inbox(inbox::InboxArgs),
    Serve(Box<serve::ServeArgs>),
    ApiKey(api_key::ApiKeyArgs),
    Audit(audit::AuditArgs),
    Deidentify(deidentify::DeidentifyArgs),
    Send(send::SendArgs),
    Bench(bench::BenchArgs),
    Completions(completions::CompletionsArgs),
}
