//! A storage SCP by itself: what `storescp` is to DCMTK. Prints its port, then what happens; ends
//! with its input.
//!
//! ```text
//! cargo run -p pacs --example listen -- FOLDER [AE_TITLE [PORT [TRANSFER_SYNTAX…]]]
//! ```

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use pacs::inbox::{Inbox, Limits};
use pacs::scp::{Config, Listener};
use std::io::Read;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected the folder of an inbox")?;
    let mut config = Config::default();
    if let Some(ae_title) = arguments.next() {
        config.ae_title = ae_title;
    }
    config.address.set_port(arguments.next().map_or(Ok(0), |port| port.parse())?);
    let syntaxes: Vec<String> = arguments.collect();
    if !syntaxes.is_empty() {
        config.transfer_syntaxes = syntaxes;
    }
    let inbox = Inbox::open(Path::new(&folder), Limits { min_free_bytes: 0, ..Limits::default() })?;
    let listener = Listener::bind(&config)?;
    println!("{}", listener.address());
    let stopper = listener.stopper();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stopper.stop();
    });
    listener.serve(&inbox, &|event| println!("{event}"))?;
    Ok(())
}
