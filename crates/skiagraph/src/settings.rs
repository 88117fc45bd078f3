//! Options of `serve` from outside its command line: from the environment, and then from a file.
//!
//! They are appended to the command line's own arguments, so that clap checks every value alike,
//! wherever it is from.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

/// The command with these options.
const COMMAND: &str = "serve";
/// The option that names the file.
const FILE: &str = "config";
/// The prefix of a variable's name; the option's name follows in capitals.
const PREFIX: &str = "SKIAGRAPH_SERVE_";

/// The arguments, with those of `serve` that environment and file add.
///
/// # Errors
/// If the file cannot be read, is no TOML, or has what is no option.
pub(crate) fn complete(command: &Command, arguments: Vec<OsString>) -> Result<Vec<OsString>> {
    // Errors in them are reported when they are complete.
    let lenient = command.clone().ignore_errors(true).try_get_matches_from(&arguments);
    let Ok(matches) = lenient else { return Ok(arguments) };
    let (Some((COMMAND, given)), Some(serve)) =
        (matches.subcommand(), command.find_subcommand(COMMAND))
    else {
        return Ok(arguments);
    };
    let named = given.get_one::<std::path::PathBuf>(FILE).cloned().map(OsString::from);
    let path = named.or_else(|| env::var_os(variable(FILE)));
    let table =
        path.map(|path| read(Path::new(&path), command, serve)).transpose()?.unwrap_or_default();
    let missing = options(command, serve).filter(|option| !is_given(given, option));
    let added = missing.filter_map(|option| from_elsewhere(option, &table).transpose());
    Ok(arguments.into_iter().chain(added.collect::<Result<Vec<_>>>()?).collect())
}

/// The options of `serve`, and those of every command.
fn options<'a>(command: &'a Command, serve: &'a Command) -> impl Iterator<Item = &'a Arg> {
    serve.get_arguments().chain(command.get_arguments().filter(|option| option.is_global_set()))
}

fn is_given(given: &ArgMatches, option: &Arg) -> bool {
    let id = option.get_id().as_str();
    id == FILE
        || given.try_contains_id(id).unwrap_or(false)
            && given.value_source(id) == Some(ValueSource::CommandLine)
}

/// The name of an option's variable.
fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_ascii_uppercase().replace('-', "_"))
}

/// An argument for an option that the environment has, or else the file.
fn from_elsewhere(option: &Arg, table: &Table) -> Result<Option<OsString>> {
    let Some(name) = option.get_long() else { return Ok(None) };
    let is_switch = matches!(option.get_action(), ArgAction::SetTrue);
    let value = match (env::var(variable(name)), table.get(name)) {
        (Ok(value), _) => value,
        (Err(_), Some(Value::String(value))) => value.clone(),
        (Err(_), Some(value @ (Value::Integer(_) | Value::Boolean(_)))) => value.to_string(),
        (Err(_), Some(value)) => {
            bail!("`{name}` is {}; expected text, a number, true or false", value.type_str())
        }
        (Err(_), None) => return Ok(None),
    };
    match (is_switch, value.as_str()) {
        (false, value) => Ok(Some(format!("--{name}={value}").into())),
        (true, "true" | "1") => Ok(Some(format!("--{name}").into())),
        (true, "false" | "0" | "") => Ok(None),
        (true, other) => bail!("`{name}` is `{other}`; expected true or false"),
    }
}

fn read(path: &Path, command: &Command, serve: &Command) -> Result<Table> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let wrong = || format!("`{}` is no configuration of `skiagraph serve`", path.display());
    let table: Table = toml::from_str(&text).with_context(wrong)?;
    let known: Vec<&str> =
        options(command, serve).filter_map(Arg::get_long).filter(|&name| name != FILE).collect();
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => bail!("`{}` has `{key}`; expected {}", path.display(), known.join(", ")),
        None => Ok(table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[derive(clap::Parser)]
    enum Cli {
        Serve {
            #[arg(long)]
            config: Option<std::path::PathBuf>,
            #[arg(long)]
            gallery: String,
            #[arg(long, default_value_t = 8042)]
            port: u16,
            #[arg(long)]
            json: bool,
        },
    }

    fn completed(file: &str, more: &[&str]) -> Result<Vec<String>> {
        let path = tempfile::NamedTempFile::new()?;
        fs::write(path.path(), file)?;
        let config = path.path().to_str().context("a temporary path is text")?;
        let arguments =
            ["skiagraph", COMMAND, "--config", config].into_iter().chain(more.iter().copied());
        let all = complete(&Cli::command(), arguments.map(OsString::from).collect())?;
        Ok(all[4..].iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let file = "gallery = 'g'\nport = 1\njson = true";
        assert_eq!(completed(file, &[]).unwrap(), ["--gallery=g", "--port=1", "--json"]);
        assert_eq!(
            completed(file, &["--port", "2"]).unwrap(),
            ["--port", "2", "--gallery=g", "--json"]
        );
        assert!(completed("json = false", &[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |file: &str| format!("{:#}", completed(file, &[]).unwrap_err());
        assert!(message("prot = 1").contains("has `prot`; expected gallery, port, json"));
        assert!(message("port = [1]").contains("`port` is array"));
        assert!(message("json = 'perhaps'").contains("expected true or false"));
        assert!(message("= 1").contains("no configuration of `skiagraph serve`"));
        let missing =
            ["skiagraph", COMMAND, "--config", "/nowhere/serve.toml"].map(OsString::from).to_vec();
        assert!(
            complete(&Cli::command(), missing).unwrap_err().to_string().contains("cannot read")
        );
    }

    #[test]
    fn other_commands_are_left_alone() {
        let arguments = vec![OsString::from("skiagraph"), OsString::from("other")];
        assert_eq!(complete(&Cli::command(), arguments.clone()).unwrap(), arguments);
        assert_eq!(variable("max-upload"), "SKIAGRAPH_SERVE_MAX_UPLOAD");
    }
}
