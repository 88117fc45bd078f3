//! A gallery's location: a folder, or a PostgreSQL server.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// A folder's path, or a URL that begins with `postgres://`. `Display` and `Debug` leave out a
/// URL's password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A gallery in a folder of this machine.
    Folder(PathBuf),
    /// A gallery on a server, as a URL.
    Server(String),
}

impl Location {
    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Server(_) => None,
        }
    }

    /// The name to show: that of the folder or of the database.
    #[must_use]
    pub fn name(&self) -> String {
        let path = match self {
            Self::Folder(folder) => folder.clone(),
            Self::Server(url) => PathBuf::from(url.split('?').next().unwrap_or_default()),
        };
        path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Self::Server(text.to_owned())
            }
            _ => Self::Folder(path.to_owned()),
        }
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

impl From<OsString> for Location {
    fn from(text: OsString) -> Self {
        Self::from(Path::new(&text))
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Server(url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// Scheme, hosts and database: no user, no password, no options.
fn without_secrets(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    // A password may have an `@`, a host may not.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    format!("{scheme}://{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_server() {
        let server = Location::from(Path::new("postgres://me:s@cret@a:1,b:2/west?password=secret"));
        assert_eq!(
            (server.to_string().as_str(), server.name().as_str()),
            ("postgres://a:1,b:2/west", "west")
        );
        assert!(!format!("{server:?}").contains("cret"));
        let folder = Location::from(Path::new("/data/gallery"));
        assert_eq!(
            (folder.to_string().as_str(), folder.name().as_str()),
            ("/data/gallery", "gallery")
        );
        assert_eq!(folder.folder(), Some(Path::new("/data/gallery")));
    }
}
