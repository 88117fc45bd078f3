//! Information about the gallery: the map, spans for a collector, and evidence.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::{Server, gallery_of_samples, sample};
use gallery::Gallery;
use serde_json::{Value, json};

#[test]
fn the_map_shows_every_picture_once_it_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 12);
    let server = Server::of(&g);
    let draw = || Gallery::open(&g).unwrap().draw_map(1, |_| ()).unwrap();
    assert_eq!(server.get("/api/v1/map").failure(404), "no_map");
    assert_eq!(draw(), 12);
    let map = server.get("/api/v1/map").json();
    for list in ["ids", "x", "y"] {
        assert_eq!(map[list].as_array().unwrap().len(), 12, "{list}");
    }
    let names: Vec<&str> = map["traits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["body_part", "view", "source", "label"]);
    let gone = map["ids"][3].as_u64().unwrap();
    assert_eq!(Gallery::open(&g).unwrap().delete(&[gone]).unwrap(), 1);
    let left = server.get("/api/v1/map").json();
    assert!(
        left["ids"].as_array().unwrap().len() == 11
            && !left["ids"].as_array().unwrap().contains(&json!(gone))
    );
    // It is drawn again with the same seed and one picture less.
    assert_eq!(draw(), 11);
    assert_eq!(server.get("/api/v1/map").json()["ids"], left["ids"]);
    fs::write(g.join("map.bin"), b"SkiaMap1 and more").unwrap();
    assert_eq!(server.get("/api/v1/map").failure(500), "internal");
    assert!(server.logs("is damaged"), "{}", server.log());
}

/// A collector that passes on what it receives.
fn collector() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let head: Vec<String> = reader
                .by_ref()
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            assert!(head[0].starts_with("POST /v1/traces "), "{}", head[0]);
            let length = head.iter().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ")?.parse().ok()
            });
            let mut body = vec![0; length.unwrap()];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").unwrap();
            sender.send(serde_json::from_slice(&body).unwrap()).unwrap();
        }
    });
    (address, receiver)
}

#[test]
fn spans_tell_the_route_and_are_part_of_the_callers_trace() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 2);
    let (address, sent) = collector();
    let server = Server::with(&g, |settings| settings.traces = Some(address));
    let parent = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
    assert_eq!(server.ask("GET", "/api/v1/records/1", &parent, &[]).status, 200);
    assert_eq!(server.get("/api/v1/records/999").status, 404);
    let log = server.end();
    let mut spans = Vec::new();
    while let Ok(batch) = sent.recv_timeout(Duration::from_millis(500)) {
        let resource = &batch["resourceSpans"][0];
        assert!(resource["resource"].to_string().contains("\"skiagraph\""), "{resource}");
        spans.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().clone());
    }
    let of = |status: &str| {
        let found = spans.iter().find(|span| {
            span["name"] == "GET /api/v1/records/{id}"
                && span["attributes"].to_string().contains(status)
        });
        found.unwrap_or_else(|| panic!("{spans:?}"))
    };
    assert_eq!(of("200")["traceId"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(of("200")["parentSpanId"], "b7ad6b7169203331");
    // A span's ids and times are digits, too, some of which may be the record's.
    let says = |span: &Value| format!("{} {}", span["name"], span["attributes"]);
    assert!(spans.iter().all(|span| !says(span).contains("999")), "no span names a record");
    // A request without a trace gets one, and the log names it.
    let own = of("404")["traceId"].as_str().unwrap().to_owned();
    assert!(log.contains(&format!("\"trace\":\"{own}\"")), "{log}");
}

#[test]
fn a_collector_that_is_away_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 1);
    let away = Some("http://127.0.0.1:9".to_owned());
    let server = Server::with(&g, |settings| settings.traces = away);
    for _ in 0..50 {
        assert_eq!(server.get("/api/v1/records/1").status, 200);
    }
}

#[test]
fn what_makes_two_pictures_similar_is_drawn_on_both() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 3);
    let server = Server::of(&g);
    let file = sample(3);
    let query = server.upload(&file).json()["id"].as_str().unwrap().to_owned();
    let drawn = |path: &str| {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        let map = image::load_from_memory(&answer.bytes).unwrap().into_luma8();
        // The values go from the least salient point to the most salient one.
        assert_eq!(
            [map.pixels().map(|p| p[0]).min(), map.pixels().map(|p| p[0]).max()],
            [Some(0), Some(255)],
            "{path}"
        );
        answer.bytes
    };
    let of = |record: u64, side: &str| {
        drawn(&format!("/api/v1/queries/{query}/evidence/{record}/{side}.png"))
    };
    assert_ne!(of(1, "query"), of(2, "query"), "another picture, other evidence");
    assert_ne!(of(1, "record"), of(2, "record"));
    assert_ne!(
        drawn("/api/v1/records/1/evidence/2/map.png"),
        drawn("/api/v1/records/2/evidence/1/map.png")
    );
    for path in ["queries/none/evidence/1/query.png", "queries/none/evidence/1/record.png"] {
        assert_eq!(server.get(&format!("/api/v1/{path}")).failure(404), "unknown_query", "{path}");
    }
    let lost = [
        format!("queries/{query}/evidence/99/query.png"),
        format!("queries/{query}/evidence/x/record.png"),
    ];
    for path in lost
        .iter()
        .map(String::as_str)
        .chain(["records/1/evidence/99/map.png", "records/x/evidence/1/map.png"])
    {
        assert_eq!(server.get(&format!("/api/v1/{path}")).failure(404), "unknown_record", "{path}");
    }
}
