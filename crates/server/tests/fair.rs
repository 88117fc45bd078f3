//! One reader who asks as much as they can, beside another who asks a little.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::{Server, gallery_of_samples, key, sample};
use server::Limits;
use server::keys::Role;

#[test]
fn one_readers_evidence_leaves_room_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let (g, file) = (gallery_of_samples(folder.path(), 2), sample(0));
    let keys = folder.path().join("keys.toml");
    let [flooder, other] = [Role::Reader; 2].map(|role| key(&keys, role).1.1);
    let (timeout, defaults) = (Duration::from_secs(60), Limits::default());
    let limits = Limits { encoders: 1, queue: 8, timeout, ..defaults };
    let server = Server::with(&g, |settings| {
        (settings.keys, settings.limits) = (Some(keys.clone()), limits);
    });
    let ask = |method: &str, path: &str, key: &str, body: &[u8]| {
        server.ask(method, path, &[("Authorization", key)], body)
    };
    let query =
        ask("POST", "/api/v1/queries", &flooder, &file).json()["id"].as_str().unwrap().to_owned();
    let evidence = format!("/api/v1/queries/{query}/evidence/1/record.png");
    let (over, turned_away) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let status = ask("GET", &evidence, &flooder, &[]).status;
                    turned_away.fetch_add(usize::from(status == 503), Ordering::Relaxed);
                    assert!([200, 503].contains(&status), "{status}");
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
        while turned_away.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(20));
        }
        let uploads: Vec<u16> =
            (0..5).map(|_| ask("POST", "/api/v1/queries", &other, &file).status).collect();
        let ready = ask("GET", "/readyz", &other, &[]).status;
        over.store(true, Ordering::Relaxed);
        assert_eq!((uploads, ready), (vec![201; 5], 200));
    });
}
