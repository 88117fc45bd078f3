//! API keys: a file of their hashes and roles. The server reads it anew when it changes, so that a
//! revoked key stops working at once. A process that changes the file holds a lock from reading to
//! writing, so that no change undoes another.
//!
//! A key is 256 random bits. One round of SHA-256 keeps it as secret as a slow hash would, as there
//! is nothing to guess.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use files::FileState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::log::Log;

/// The prefix of every key, by which a leaked one is recognised.
const PREFIX: &str = "skia_";

/// Roles of callers. Each may do what the ones before it may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look and search.
    Reader,
    /// Also add pictures to the gallery.
    Contributor,
    /// Everything.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Contributor => "contributor",
            Self::Admin => "admin",
        })
    }
}

/// A key's entry in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The key's name in the file; not secret.
    pub id: String,
    /// The holder's role.
    pub role: Role,
    /// The holder's name.
    pub name: Option<String>,
    /// The SHA-256 of the key, in hexadecimal.
    sha256: String,
}

/// The contents of the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<Key>,
}

/// The keys of a file; empty if it does not exist.
///
/// # Errors
/// If it cannot be read, or is no file of keys.
pub fn read(path: &Path) -> Result<Vec<Key>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let file: KeyFile = toml::from_str(&text).with_context(|| {
        format!("`{}` is no file of API keys; expected one of `skiagraph api-key`", path.display())
    })?;
    Ok(file.key)
}

/// Changes the keys of a file. Other processes that want to change them wait.
///
/// # Errors
/// As [`read`]; if it cannot be locked or written; those of `change`, after which the file is as it
/// was.
pub fn change<T>(path: &Path, change: impl FnOnce(&mut Vec<Key>) -> Result<T>) -> Result<T> {
    let _until_written = files::lock(path)?;
    let mut keys = read(path)?;
    let changed = change(&mut keys)?;
    files::write(path, toml::to_string(&KeyFile { key: keys })?)?;
    Ok(changed)
}

/// A new key: the text for its holder, and the entry for the file.
///
/// # Errors
/// If the system gives no random bytes.
pub fn make(role: Role, name: Option<String>) -> Result<(String, Key)> {
    let (text, id) = (format!("{PREFIX}{}", random_text::<32>()?), random_text::<6>()?);
    let sha256 = hash(&text);
    Ok((text, Key { id, role, name, sha256 }))
}

/// N random bytes as text that is safe in a URL.
///
/// # Errors
/// If the system gives none.
pub(crate) fn random_text<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!("the system gives no random bytes: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The SHA-256 of a text, in hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// The keys of a file, kept up to date.
pub(crate) struct Keys {
    path: PathBuf,
    known: Mutex<Known>,
    log: Log,
}

struct Known {
    keys: Vec<Key>,
    /// The state of the file that they were read from.
    state: FileState,
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    /// As [`read`]; also if there is no key in it.
    pub(crate) fn open(path: &Path, log: Log) -> Result<Self> {
        let known = Known { state: files::state(path), keys: read(path)? };
        if known.keys.is_empty() {
            bail!(
                "`{0}` has no key: make one with `skiagraph api-key new --file {0}`",
                path.display()
            );
        }
        Ok(Self { path: path.to_owned(), known: Mutex::new(known), log })
    }

    /// Finds a key by its text. The comparison with all keys takes a time that does not depend on
    /// how much of the text is right.
    pub(crate) fn find(&self, shown: &str) -> Option<Key> {
        let hash = hash(shown);
        let known = self.current();
        let same = |key: &&Key| bool::from(key.sha256.as_bytes().ct_eq(hash.as_bytes()));
        // All keys are compared, whichever it is.
        let mut found = known.keys.iter().filter(same).collect::<Vec<_>>();
        found.pop().cloned()
    }

    /// The role of a key, if it is still valid.
    pub(crate) fn role_of(&self, id: &str) -> Option<Role> {
        self.current().keys.iter().find(|key| key.id == id).map(|key| key.role)
    }

    /// The present keys of the file. While it cannot be read, the keys read before stay valid.
    fn current(&self) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let state = files::state(&self.path);
        if known.state != state {
            known.state = state;
            match read(&self.path) {
                Ok(keys) => known.keys = keys,
                // This is told once for each state of the file.
                Err(error) => self.log.error(&format!("the API keys stay as they were: {error:#}")),
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_while_its_hash_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        assert!(Keys::open(&path, Log::default()).is_err(), "no key, no server");
        let (first, kept) = make(Role::Reader, Some("ward 3".to_owned())).unwrap();
        let (second, other) = make(Role::Admin, None).unwrap();
        let put = |changed: Vec<Key>| {
            change(&path, |keys| {
                *keys = changed;
                Ok(())
            })
            .unwrap();
        };
        put(vec![kept.clone(), other.clone()]);
        assert!(!fs::read_to_string(&path).unwrap().contains(&first));
        let keys = Keys::open(&path, Log::default()).unwrap();
        assert_eq!(keys.find(&first), Some(kept.clone()));
        assert_eq!(keys.find(&second).unwrap().role, Role::Admin);
        assert_eq!(keys.find(&first[..40]), None);
        put(vec![other.clone()]);
        assert_eq!((keys.find(&first), keys.role_of(&kept.id)), (None, None));
        for broken in ["no toml [", "[[key]]\nid = 'x'\n", "\0"] {
            fs::write(&path, broken).unwrap();
            assert_eq!(keys.find(&second), Some(other.clone()), "the last good keys count");
            assert_eq!(keys.find(&first), None);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(keys.find(&second), None, "without a file there are no keys");
    }

    #[test]
    fn no_change_undoes_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let add = || {
            let (_, key) = make(Role::Reader, None).unwrap();
            change(&path, |keys| {
                keys.push(key.clone());
                Ok(key.id)
            })
            .unwrap()
        };
        let revoke = |id: &str| {
            change(&path, |keys| {
                keys.retain(|key| key.id != id);
                Ok(())
            })
            .unwrap();
        };
        for _ in 0..20 {
            let revoked = add();
            std::thread::scope(|scope| {
                let adding = [scope.spawn(add), scope.spawn(add), scope.spawn(add)];
                revoke(&revoked);
                let added = adding.map(|thread| thread.join().unwrap());
                let keys = read(&path).unwrap();
                assert!(keys.iter().all(|key| key.id != revoked));
                assert!(added.iter().all(|id| keys.iter().any(|key| key.id == *id)));
            });
        }
        assert_eq!(read(&path).unwrap().len(), 60);
        let refused = change(&path, |keys| -> Result<()> {
            keys.clear();
            bail!("no")
        });
        assert!(refused.is_err());
        assert_eq!(read(&path).unwrap().len(), 60);
    }
}
