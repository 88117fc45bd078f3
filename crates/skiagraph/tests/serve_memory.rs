//! A server with little memory: what does not fit is refused, a request that would wait too long is
//! asked to come again, and the server lives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::io::Cursor;
use std::path::Path;

use common::{samples, succeed, text};
use server::Server;

fn gallery(folder: &Path) -> std::path::PathBuf {
    let (g, picture) = (folder.join("g"), samples().join("images/nih/00004048_015.jpg"));
    succeed(&["index", "--gallery", text(&g), text(&picture)]);
    g
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let grey = |x: u32, y: u32| image::Luma([(x * 5 + y * 3) as u8]);
    image::GrayImage::from_fn(width, height, grey)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// A figure of /metrics.
fn figure(server: &Server, name: &str) -> f64 {
    let text = String::from_utf8(server.get("/metrics").bytes).unwrap();
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.unwrap().parse().unwrap()
}

#[test]
fn what_does_not_fit_is_refused_and_who_waits_too_long_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--memory-limit", "64", "--patience", "1", "--encoders", "8"];
    let mut server = Server::start(&gallery(folder.path()), &more);
    assert_eq!(figure(&server, "skiagraph_memory_budget_bytes"), 64.0 * 1_048_576.0);
    assert_eq!(server.upload(&png(800, 600)).status, 201);
    let large = server.upload(&png(3_000, 3_000));
    assert_eq!(large.failure(413), "too_large");
    let said = large.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("MB of memory, expected at most 34"), "{said}");
    let thin = server.upload(&png(1, 60_000)).failure(413);
    assert_eq!(thin, "too_large");
    // One of them fits at a time, and none waits longer than a second.
    let picture = png(1_600, 1_600);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let uploads: Vec<_> =
            (0..12).map(|_| scope.spawn(|| server.upload(&picture).status)).collect();
        uploads.into_iter().map(|upload| upload.join().unwrap()).collect()
    });
    assert!(statuses.contains(&201) && statuses.contains(&503), "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 503].contains(status)), "{statuses:?}");
    // The kept ones hold a quarter of the budget at most, and nothing else is held any more.
    let held = figure(&server, "skiagraph_memory_pictures_bytes");
    assert!(held <= 16.0 * 1_048_576.0, "{held}");
    assert_eq!(figure(&server, "skiagraph_memory_files_bytes"), 0.0);
    assert_eq!(server.upload(&png(800, 600)).status, 201);
    assert_eq!(server.terminate(), Some(0));
}
