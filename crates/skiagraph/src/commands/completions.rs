//! `skiagraph completions`: a completion script for a shell.

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use crate::output;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph completions bash > ~/.local/share/bash-completion/completions/skiagraph
  skiagraph completions zsh > ~/.zfunc/_skiagraph";

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete in
    shell: Shell,
    /// Print an object that holds the script
    #[arg(long)]
    json: bool,
}

/// Prints the script for the command line `C`.
pub(crate) fn run<C: CommandFactory>(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut C::command(), "skiagraph", &mut script);
    let script = String::from_utf8(script)?;
    if args.json {
        return output::json(&json!({ "shell": args.shell.to_string(), "script": script }));
    }
    output::lines(script.trim_end())
}
