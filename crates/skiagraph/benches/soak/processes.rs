//! Processes that are killed and started again.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

#[derive(Default)]
struct Account {
    /// The id of the running process.
    pid: Option<u32>,
    kills: usize,
    /// The most resident memory of any process of this name, in MB.
    peak: f64,
}

/// All processes of the soak, by name.
pub(crate) struct Processes {
    log: PathBuf,
    accounts: Mutex<BTreeMap<String, Account>>,
    /// The most resident memory of all processes together, in MB.
    peak: Mutex<f64>,
    ended: AtomicBool,
}

impl Processes {
    pub(crate) fn new(log: PathBuf) -> Self {
        let (accounts, peak) = (Mutex::default(), Mutex::default());
        Self { log, accounts, peak, ended: AtomicBool::new(false) }
    }

    /// Runs a command to its end. Its output goes to the log.
    pub(crate) fn run(&self, name: &str, command: &mut Command) -> ExitStatus {
        let log = || OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut child = command.stdout(log()).stderr(log()).spawn().unwrap();
        self.set(name, Some(&child));
        let status = child.wait().unwrap();
        self.set(name, None);
        status
    }

    fn set(&self, name: &str, child: Option<&Child>) {
        let mut accounts = self.accounts.lock().unwrap();
        accounts.entry(name.to_owned()).or_default().pid = child.map(Child::id);
    }

    /// Keeps a server running until `end`.
    pub(crate) fn supervise(&self, name: &str, command: impl Fn() -> Command) {
        while !self.ended.load(Ordering::Relaxed) {
            let status = self.run(name, &mut command());
            let killed = std::os::unix::process::ExitStatusExt::signal(&status);
            if killed != Some(9) && !self.ended.load(Ordering::Relaxed) {
                println!("{name} ended by itself: {status}; the end of {}:", self.log.display());
                println!("{}", fs::read_to_string(&self.log).unwrap());
                std::process::exit(1);
            }
        }
    }

    /// Kills one of the running processes.
    pub(crate) fn kill_one(&self, random: &mut StdRng) {
        let mut accounts = self.accounts.lock().unwrap();
        let mut running: Vec<_> =
            accounts.values_mut().filter(|account| account.pid.is_some()).collect();
        let chosen = random.random_range(0..running.len());
        let account = &mut running[chosen];
        account.kills += 1;
        signal("KILL", account.pid.unwrap());
    }

    /// Ends all running processes, as a service manager would.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        for account in self.accounts.lock().unwrap().values() {
            account.pid.into_iter().for_each(|pid| signal("TERM", pid));
        }
    }

    /// Follows the memory of all processes until `stop`.
    pub(crate) fn watch_memory(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let mut all = 0.0;
            for account in self.accounts.lock().unwrap().values_mut() {
                let Some(pid) = account.pid else { continue };
                account.peak = account.peak.max(megabytes(pid, "VmHWM:"));
                all += megabytes(pid, "VmRSS:");
            }
            let mut peak = self.peak.lock().unwrap();
            *peak = peak.max(all);
            drop(peak);
            thread::sleep(Duration::from_millis(500));
        }
    }

    pub(crate) fn report(&self) {
        println!("\nprocess    killed   peak MB");
        for (name, account) in &*self.accounts.lock().unwrap() {
            println!("{name:10} {:6} {:9.0}", account.kills, account.peak);
        }
        println!("all at once       {:9.0}", self.peak.lock().unwrap());
    }
}

fn signal(name: &str, pid: u32) {
    let _gone_already = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
}

/// A line of the kernel's account of a process, in MB; 0 if it has just ended.
fn megabytes(pid: u32, line: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = status.lines().find_map(|all| all.strip_prefix(line));
    let kilobytes = value.and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
