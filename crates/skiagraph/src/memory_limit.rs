//! The memory that this process may use for files and pictures: as given, or half of the memory of
//! the machine or its container.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use radiograph::memory;
use study::bench::machine::proc_field;

/// The variable with the limit, in MB, if the command line has none.
const VARIABLE: &str = "SKIAGRAPH_MEMORY_LIMIT";
/// The divisor of the memory that gives the default limit. The other half is for the model, its
/// encoders and the index.
const SHARE: u64 = 2;
/// The memory in bytes, if the system does not tell it.
const UNKNOWN: u64 = 2 << 30;
/// The folder in which Linux shows control groups.
const GROUPS: &str = "/sys/fs/cgroup";

/// Sets the budget of this process, in MB.
///
/// # Errors
/// If the variable's value is no number.
pub(crate) fn set(given: Option<u32>) -> Result<()> {
    let megabytes = match (given, env::var(VARIABLE)) {
        (Some(given), _) => Some(given),
        (None, Ok(text)) => {
            let wrong = || format!("{VARIABLE} is `{text}`; expected a number of MB");
            Some(text.trim().parse().with_context(wrong)?)
        }
        (None, Err(_)) => None,
    };
    let bytes =
        megabytes.map_or_else(|| of_system() / SHARE, |megabytes| u64::from(megabytes) << 20);
    memory::limit_process(bytes.max(1 << 20));
    Ok(())
}

/// The bytes of memory that this process can have: the machine's, or less by its control groups.
fn of_system() -> u64 {
    let machine = proc_field("/proc/meminfo", "MemTotal").map(|kib| kib as u64 * 1024);
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = of_groups(Path::new(GROUPS), &own);
    machine.into_iter().chain(group).min().unwrap_or(UNKNOWN)
}

/// The least limit of a process's groups and those above them. `own` is its file cgroup: `0::/path`
/// in version 2, `number:memory:/path` in version 1. In a container the path may be the host's, so
/// the root is always asked, too.
fn of_groups(root: &Path, own: &str) -> Option<u64> {
    let limits = own.lines().filter_map(|line| {
        let (kind, path) = line.split_once(':')?.1.split_once(':')?;
        let (folder, file) = match kind {
            "" => (root.to_owned(), "memory.max"),
            "memory" => (root.join("memory"), "memory.limit_in_bytes"),
            _ => return None,
        };
        let path = path.trim_start_matches('/');
        let above = Path::new(path).ancestors().map(|path| folder.join(path).join(file));
        above.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok()).min()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_of_the_groups_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("pods/memory.max", "4294967296\n");
        write("pods/one/memory.max", "max\n");
        write("memory/memory.limit_in_bytes", "9223372036854771712\n");
        write("memory/pods/memory.limit_in_bytes", "1073741824\n");
        assert_eq!(of_groups(root.path(), "0::/pods/one\n"), Some(4 << 30));
        assert_eq!(of_groups(root.path(), "0::/\n"), None);
        assert_eq!(
            of_groups(root.path(), "3:cpu:/pods\n2:memory:/pods\n0::/pods\n"),
            Some(1 << 30)
        );
        assert_eq!(
            of_groups(root.path(), "2:memory:/of/the/host\n"),
            Some(9_223_372_036_854_771_712)
        );
        assert_eq!(of_groups(root.path(), "nonsense"), None);
    }

    #[test]
    fn this_system_has_memory() {
        assert!(of_system() >= 64 << 20, "{}", of_system());
    }
}
