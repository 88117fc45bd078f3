//! A storage SCP on a loopback socket, which is sent whatever a peer can send, from the connection
//! to its end.

use pacs::Event;
use pacs::inbox::{Inbox, Limits};
use pacs::scp::{Config, Listener};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// In which it takes instances: uncompressed, JPEG, JPEG-LS, RLE.
pub const SYNTAXES: [&str; 6] = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.5",
];

struct Scp {
    address: SocketAddr,
    /// Says when an association is over.
    ended: Mutex<Receiver<()>>,
}

fn scp() -> &'static Scp {
    static SCP: OnceLock<Scp> = OnceLock::new();
    SCP.get_or_init(|| {
        let config = Config {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            transfer_syntaxes: SYNTAXES.map(String::from).into(),
            max_pdu: 1 << 16,
            ..Config::default()
        };
        let listener = Listener::bind(&config).expect("a port on loopback");
        let inbox = inbox("association");
        let (address, (ending, ended)) = (listener.address(), channel());
        std::thread::spawn(move || {
            let ending = Mutex::new(ending);
            let events = |event: &Event| {
                let said = event.to_string();
                assert!(!said.contains(char::is_control), "{said:?} cannot be logged");
                if matches!(event, Event::Ended { .. } | Event::Released { .. }) {
                    let _ = ending.lock().expect("no thread panics").send(());
                }
            };
            listener.serve(&inbox, &events).expect("a listener that goes on");
        });
        Scp { address, ended: Mutex::new(ended) }
    })
}

/// An inbox in memory, where the system has such a place.
pub fn inbox(name: &str) -> Inbox {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.into() } else { std::env::temp_dir() };
    let folder = folder.join(format!("skiagraph-fuzz-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    Inbox::open(&folder, Limits { max_instance_bytes: 1 << 20, min_free_bytes: 0 })
        .expect("a new inbox")
}

/// Sends these bytes as one peer, and reads what comes back to its end.
///
/// # Panics
/// If the SCP does not end the association.
pub fn associate(bytes: &[u8]) {
    let scp = scp();
    let mut peer = TcpStream::connect(scp.address).expect("an SCP that listens");
    // It may have had enough before all is sent.
    let _ = peer.write_all(bytes);
    let _ = peer.shutdown(Shutdown::Write);
    let _ = peer.read_to_end(&mut Vec::new());
    let ended = scp.ended.lock().expect("no thread panics").recv_timeout(Duration::from_secs(60));
    ended.expect("an association that ends with its connection");
}
