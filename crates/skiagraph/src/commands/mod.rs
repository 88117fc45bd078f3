//! Every command of the binary, one file each.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod gallery;
pub(crate) mod index;
pub(crate) mod search;
pub(crate) mod train;

/// What the binary can do.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Index the samples, answer their queries and write a page of the answers
    Demo(demo::DemoArgs),
    /// Train a network
    Train(train::TrainArgs),
    /// Put radiographs into a gallery
    Index(index::IndexArgs),
    /// Find the radiographs of a gallery that are most like the given ones
    Search(search::SearchArgs),
    /// Measure how well a model retrieves
    Eval(eval::EvalArgs),
    /// Draw where a model looks in a radiograph
    Explain(explain::ExplainArgs),
    /// Look after a gallery: info, verify, delete
    Gallery(gallery::GalleryArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}
