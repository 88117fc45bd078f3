//! PostgreSQL with pgvector, as Debian's packages have it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The folder of PostgreSQL's programs, if pgvector is with them.
pub(crate) fn bin() -> Option<PathBuf> {
    let found = Command::new("pg_config")
        .args(["--bindir", "--sharedir"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(found.stdout).ok()?;
    let mut lines = text.lines().map(PathBuf::from);
    let (bin, share) = (lines.next()?, lines.next()?);
    (share.join("extension/vector.control").exists() && bin.join("initdb").exists()).then_some(bin)
}

/// The user and group to run PostgreSQL as, since it does not run as root.
pub(crate) fn postgres_user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    let users = fs::read_to_string("/etc/passwd").ok().filter(|_| is_root)?;
    let line = users.lines().find(|line| line.starts_with("postgres:"))?;
    let mut ids = line.split(':').skip(2).map(str::parse);
    Some((ids.next()?.ok()?, ids.next()?.ok()?))
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
