//! `skiagraph api-key`: the keys of a server's users.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use server::keys::{self, Role};

use crate::output;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph api-key new --role reader --name 'reading room 2' --file keys.toml
  skiagraph api-key list --file keys.toml
  skiagraph api-key revoke h3Fk9aQx --file keys.toml";

const NEW_EXAMPLES: &str = "EXAMPLES:
  skiagraph api-key new --role reader --file keys.toml
  skiagraph api-key new --role admin --name 'radiology IT' --file keys.toml --json";

const LIST_EXAMPLES: &str = "EXAMPLES:
  skiagraph api-key list --file keys.toml";

const REVOKE_EXAMPLES: &str = "EXAMPLES:
  skiagraph api-key revoke h3Fk9aQx --file keys.toml";

/// Make, list and revoke the keys of a server's users
///
/// A running server reads the file again when it changes. While the file cannot be read, the keys
/// read before stay valid.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ApiKeyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    New(NewArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Make a key and print it; the file keeps only its hash
#[derive(clap::Args)]
#[command(after_help = NEW_EXAMPLES)]
struct NewArgs {
    /// Role of the key's holder
    #[arg(long, value_name = "ROLE")]
    role: RoleName,
    /// Name of the holder, for the list
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The name of a role.
#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Look and search.
    Reader,
    /// Also add pictures to the gallery.
    Contributor,
    /// Everything.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Reader => Self::Reader,
            RoleName::Contributor => Self::Contributor,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// List the keys' ids, roles and names
#[derive(clap::Args)]
#[command(after_help = LIST_EXAMPLES)]
struct ListArgs {
    #[command(flatten)]
    common: Common,
}

/// Revoke a key, and end its sessions
#[derive(clap::Args)]
#[command(after_help = REVOKE_EXAMPLES)]
struct RevokeArgs {
    /// The key's id
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    id: String,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Common {
    /// The file of keys; made if it does not exist
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &ApiKeyArgs) -> Result<()> {
    match &args.action {
        Action::New(args) => new(args),
        Action::List(args) => list(&args.common),
        Action::Revoke(args) => revoke(args),
    }
}

fn new(args: &NewArgs) -> Result<()> {
    let (text, key) = keys::make(args.role.into(), args.name.clone())?;
    let (id, role) = (key.id.clone(), key.role);
    keys::change(&args.common.file, |keys| {
        keys.push(key);
        Ok(())
    })?;
    if args.common.json {
        return output::json(&json!({ "id": id, "role": role, "key": text }));
    }
    eprintln!("key {id} of a {role}; it is shown this once:");
    output::text(&text)
}

fn list(common: &Common) -> Result<()> {
    let keys = keys::read(&common.file)?;
    if common.json {
        let keys =
            keys.iter().map(|key| json!({ "id": key.id, "role": key.role, "name": key.name }));
        return output::json(&keys.collect::<Vec<_>>());
    }
    let row = |key: &keys::Key| {
        vec![key.id.clone(), key.name.clone().unwrap_or_default(), key.role.to_string()]
    };
    output::lines(&output::table(
        &["id", "name", "role"],
        &keys.iter().map(row).collect::<Vec<_>>(),
    ))
}

fn revoke(args: &RevokeArgs) -> Result<()> {
    keys::change(&args.common.file, |keys| {
        let known = keys.iter().position(|key| key.id == args.id);
        known.map(|at| keys.remove(at)).with_context(|| {
            let file = args.common.file.display();
            format!("`{file}` has no key with the id `{}`; see `skiagraph api-key list`", args.id)
        })
    })?;
    if args.common.json {
        output::json(&json!({ "revoked": args.id }))
    } else {
        output::text(&format!("revoked {}", args.id))
    }
}
