//! The one binary: parses the command line, runs one command, prints one error.

mod advice;
mod commands;
mod deidentification;
mod ingest_messages;
mod interruption;
mod memory;
mod memory_limit;
mod model;
mod oidc;
mod output;
mod private;
mod progress;
mod settings;
mod terminal;
mod tls;
mod training_display;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use commands::Command;

/// Content-based X-ray image retrieval.
///
/// Skiagraph finds the radiographs of a large gallery that are most similar to a given one, by hash
/// codes of a few bytes. A saliency network shows where it looked. For research and development; not
/// for diagnosis.
#[derive(Parser)]
#[command(name = "skiagraph", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Memory for files and pictures: an option of every command, which is explained once
    #[arg(long, value_name = "MB", global = true, hide = true, value_parser = clap::value_parser!(u32).range(16..))]
    memory_limit: Option<u32>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "AN OPTION OF EVERY COMMAND:
  --memory-limit MB    memory for files and pictures; work that needs more waits, or is refused;
                       also SKIAGRAPH_MEMORY_LIMIT [default: half of the machine's or the
                       container's]

EXAMPLES:
  skiagraph demo                                       index and search the samples, write a page
  skiagraph index --gallery g pictures/                make a gallery of a folder
  skiagraph search --gallery g query.png --k 5         the five most similar pictures";

fn main() -> ExitCode {
    match command().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::reader_went_away(&error) => ExitCode::SUCCESS,
        Err(error) => output::warned(&error).map_or_else(
            || {
                output::print_error(&error);
                ExitCode::FAILURE
            },
            ExitCode::from,
        ),
    }
}

fn command() -> anyhow::Result<Command> {
    let arguments = settings::complete(&Cli::command(), std::env::args_os().collect())?;
    let Cli { memory_limit, command } = Cli::parse_from(arguments);
    memory_limit::set(memory_limit)?;
    Ok(command)
}

fn run(command: Command) -> anyhow::Result<()> {
    // Models are no patient data, and are made to be shared.
    if !matches!(command, Command::Train(_) | Command::Calibrate(_)) {
        private::keep_new_files_private();
    }
    match command {
        Command::Demo(args) => commands::demo::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Calibrate(args) => commands::calibrate::run(&args),
        Command::Index(args) => commands::index::run(&args),
        Command::Queue(args) => commands::queue::run(&args),
        Command::Worker(args) => commands::worker::run(&args),
        Command::Encode(args) => commands::encode::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Search(args) => commands::search::run(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Saliency(args) => commands::saliency::run(&args),
        Command::Gallery(args) => commands::gallery::run(&args),
        Command::Listen(args) => commands::listen::run(&args),
        Command::Pull(args) => commands::pull::run(&args),
        Command::Inbox(args) => commands::inbox::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::ApiKey(args) => commands::api_key::run(&args),
        Command::Audit(args) => commands::audit::run(&args),
        Command::Deidentify(args) => commands::deidentify::run(&args),
        Command::Send(args) => commands::send::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Completions(args) => commands::completions::run::<Cli>(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
