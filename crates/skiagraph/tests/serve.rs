//! A server from the command line: its routes, its answers to bad input, and its state after a
//! kill.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, pictures, samples, succeed, text, workspace};
use gallery::Gallery;
use retrieval::ModelId;
use serde_json::{Value, json};
use server::{Answer, Server};

/// The number of pictures in the gallery; two of them are of one patient.
const PICTURES: usize = 6;

/// A gallery of some samples in the folder `g` of `folder`, and a picture that is not in it.
fn gallery(folder: &Path) -> (PathBuf, PathBuf) {
    let found = pictures(&samples().join("images"));
    let mut manifest =
        "path,labels,patient_id,source,body_part,view,sex,age,study_date,study,report\n".to_owned();
    for (i, picture) in found.iter().take(PICTURES).enumerate() {
        fs::copy(picture, folder.join(format!("{i}.jpg"))).unwrap();
        let patient = if i < 2 { "same" } else { ["a", "b", "c", "d"][i - 2] };
        manifest += &format!(
            "{i}.jpg,chest|n{i},{patient},site,CHEST,PA,F,{},2020-01-0{},1.2.{i},No effusion.\n",
            20 + i,
            i + 1
        );
    }
    let (list, g) = (folder.join("manifest.csv"), folder.join("g"));
    fs::write(&list, manifest).unwrap();
    succeed(&["index", "--gallery", text(&g), "--manifest", text(&list)]);
    (g, found[PICTURES].clone())
}

fn ids(answer: &Value) -> Vec<u64> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_u64().unwrap()).collect()
}

fn dimensions(answer: &Answer) -> (u32, u32) {
    assert_eq!(answer.status, 200);
    let picture = image::load_from_memory(&answer.bytes).unwrap();
    assert_eq!(picture.color(), image::ColorType::L8);
    (picture.width(), picture.height())
}

#[test]
fn a_case_is_asked_about_from_upload_to_priors() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = gallery(folder.path());
    let viewer = "https://pacs/viewer?StudyInstanceUIDs={study}";
    let mut server = Server::start(&g, &["--viewer", viewer]);
    let about = server.get("/api/v1/gallery").json();
    assert_eq!(
        (&about["name"], &about["pictures"], &about["bits"]),
        (&"g".into(), &PICTURES.into(), &128.into())
    );
    assert_eq!(about["facets"]["label"][0], json!({ "value": "chest", "count": PICTURES }));
    assert_eq!(about["study_dates"], json!(["2020-01-01", "2020-01-06"]));
    assert_eq!((&about["viewer"], &about["estimates"]), (&viewer.into(), &true.into()));

    let bytes = fs::read(&picture).unwrap();
    let (width, height) = image::image_dimensions(&picture).unwrap();
    let query = server.upload(&bytes);
    assert_eq!(query.status, 201);
    let query = query.json();
    assert_eq!(
        (&query["width"], &query["height"], &query["format"]),
        (&width.into(), &height.into(), &"jpeg".into())
    );
    let id = query["id"].as_str().unwrap();
    assert_eq!(id.len(), 22, "128 bits in base64url");
    let at = format!("/api/v1/queries/{id}");
    assert_eq!(dimensions(&server.get(&format!("{at}/preview.png"))), (width, height));
    let small = dimensions(&server.get(&format!("{at}/preview.png?side=64")));
    assert_eq!(small.0.max(small.1), 64);
    assert_eq!(dimensions(&server.get(&format!("{at}/saliency.png"))), (width, height));
    let pixels = server.get(&format!("{at}/pixels"));
    assert_eq!(
        (pixels.header("x-width"), pixels.header("x-height")),
        (&*width.to_string(), &*height.to_string())
    );
    assert_eq!(pixels.bytes.len() as u32, 2 * width * height);
    // The expected pixels are those that the command reads, in 16 bits.
    let (read, _) = radiograph::read(&picture, &radiograph::Limits::default()).unwrap();
    let sixteen: Vec<u8> = read
        .pixels()
        .iter()
        .flat_map(|grey| ((grey * 65535.0).round() as u16).to_le_bytes())
        .collect();
    assert!(pixels.bytes == sixteen);

    let search = |body: Value| server.post("/api/v1/search", &body).json();
    let answer = search(json!({ "queries": [id], "k": 3 }));
    let found = common::json(&["search", "--gallery", text(&g), text(&picture), "--k", "3"]);
    let command: Vec<u64> = found["queries"][0]["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids(&answer), command, "as the command finds");
    let precision = |value: &Value| value.as_f64().unwrap();
    let apart = precision(&answer["estimate"]["precision"])
        - precision(&found["queries"][0]["expected_precision"]);
    assert!(apart.abs() < 1e-4, "{apart}");
    assert_eq!(answer["tally"][0], json!({ "label": "chest", "count": 3 }));
    assert!(answer["milliseconds"]["encode"].as_f64().unwrap() > 0.0);
    assert!(
        answer["hits"][0]["relevance"].is_number()
            && answer["hits"][0]["record"]["report"] == "No effusion."
    );
    let all = search(json!({ "queries": [id] }));
    let hits = all["hits"].as_array().unwrap();
    assert!(hits.is_sorted_by_key(|hit| hit["euclidean"].as_f64().unwrap()), "{all}");
    let relevance = |hit: &Value| -hit["relevance"].as_f64().unwrap();
    assert!(hits.is_sorted_by_key(relevance), "{all}");
    let raw = search(json!({ "queries": [id], "order": "hamming" }));
    let by_bits = |hit: &Value| (hit["distance"].as_u64(), hit["id"].as_u64());
    assert!(raw["hits"].as_array().unwrap().is_sorted_by_key(by_bits), "{raw}");
    let adults = search(json!({ "queries": [id], "filter": "age >= 23 and label = 'chest'" }));
    assert_eq!(adults["hits"].as_array().unwrap().len(), 3);
    let grouped = search(json!({ "queries": [id], "group_by_patient": true }));
    assert_eq!(grouped["hits"].as_array().unwrap().len(), PICTURES - 1);
    let none = search(json!({ "queries": [id], "filter": "age > 90" }));
    assert_eq!((&none["hits"], &none["nothing_similar"]), (&json!([]), &true.into()));
    let like = search(json!({ "like": [1] }));
    assert!(
        ids(&like).len() == PICTURES - 2 && like["estimate"].is_object(),
        "not its own patient's"
    );
    let moved = search(json!({ "queries": [id], "like": [1], "unlike": [3] }));
    assert!(ids(&moved).len() == PICTURES - 2 && moved["estimate"].is_null());

    let region = json!({ "left": 0.25, "top": 0.1, "width": 0.5, "height": 0.5 });
    let part = server.post(&format!("{at}/region"), &region);
    let across = part.json()["width"].as_f64().unwrap();
    assert!(part.status == 201 && (across - 0.5 * f64::from(width)).abs() <= 1.0);
    let part = part.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(ids(&search(json!({ "queries": [id, part] }))).len(), PICTURES);

    let list = server
        .post("/api/v1/records/list", &json!({ "filter": "age < 23", "offset": 1, "limit": 1 }))
        .json();
    assert_eq!((&list["total"], list["records"].as_array().unwrap().len()), (&3.into(), 1));
    let record = server.get("/api/v1/records/2").json();
    assert_eq!(
        (&record["patient"], &record["study_date"], &record["age"]),
        (&"site/same".into(), &"2020-01-02".into(), &21.into())
    );
    let priors = server.get("/api/v1/records/2/priors").json();
    assert_eq!(
        (&priors["records"][0]["id"], priors["records"].as_array().unwrap().len()),
        (&1.into(), 1)
    );
    let thumbnail = server.get("/api/v1/records/2/thumbnail.jpg");
    let sides = dimensions(&thumbnail);
    assert_eq!(thumbnail.header("content-type"), "image/jpeg");
    assert_eq!(dimensions(&server.get("/api/v1/records/2/saliency.png")), sides);

    assert_eq!(server.delete(&at).status, 204);
    assert_eq!(server.delete(&at).failure(404), "unknown_query");
    let session = server.get("/api/v1/session").json();
    assert_eq!([&session["required"], &session["role"]], [&json!(false), &Value::Null]);
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
    let metrics = String::from_utf8(server.get("/metrics").bytes).unwrap();
    let counted =
        "_count{route=\"/api/v1/queries/{id}/region\",method=\"POST\",status=\"201\"} 1\n";
    assert!(
        metrics.contains(counted) && metrics.contains(&format!("skiagraph_pictures {PICTURES}\n")),
        "{metrics}"
    );
    for path in ["/", "/cases/12"] {
        let page = server.get(path);
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    }
    #[cfg(unix)]
    assert_eq!(server.terminate(), Some(0), "it ends as it was asked to");
    let log = server.log();
    assert!(
        log.lines().count() > 25
            && log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{log}"
    );
    assert!(!log.contains(id) && !log.contains("same") && !log.contains("age"), "{log}");
}

#[test]
fn bad_input_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = gallery(folder.path());
    let server = Server::start(&g, &["--max-upload", "1", "--max-pixels", "1"]);
    let whole = fs::read(&picture).unwrap();
    assert_eq!(server.upload(&[]).failure(415), "unsupported_file");
    assert_eq!(server.upload(b"no picture").failure(415), "unsupported_file");
    assert_eq!(server.upload(&whole[..whole.len() / 8]).failure(422), "broken_file");
    assert_eq!(server.upload(&vec![0; (1 << 20) + 1]).failure(413), "too_large");
    assert_eq!(server.upload(&bomb()).failure(413), "too_large");
    let phantoms = workspace().join("crates/radiograph/tests/data/dicom");
    let phantom = fs::read(phantoms.join("u12.native.dcm")).unwrap();
    assert_eq!(server.upload(&phantom).json()["format"], "dicom");
    assert_eq!(server.upload(&phantom[..phantom.len() / 2]).failure(422), "broken_file");
    // Broken files that were collected, if there are any.
    for path in pictures_of(&workspace().join("../shared/data/dicom/broken")) {
        let status = server.upload(&fs::read(&path).unwrap()).status;
        assert!([413, 415, 422].contains(&status), "{}: {status}", path.display());
    }

    let id = server.upload(&whole).json()["id"].as_str().unwrap().to_owned();
    let search = |body: Value| server.post("/api/v1/search", &body);
    let wrong = search(json!({ "queries": [id], "filter": "äge >= 18" }));
    assert_eq!(wrong.failure(422), "bad_filter");
    let wrong = search(json!({ "queries": [id], "filter": "name = 'ä' und age >= 18" })).json();
    assert_eq!(wrong["error"]["position"], "name = 'ä' ".len());
    assert!(wrong["error"]["expected"].as_str().unwrap().contains("and"), "{wrong}");
    for (body, code) in [
        (json!({}), "invalid"),
        (json!({ "queries": [id], "k": 0 }), "invalid"),
        (json!({ "queries": [id], "k": 1_000_000 }), "invalid"),
        (json!({ "queries": [id], "within": 1000 }), "invalid"),
        (json!({ "queries": [id], "order": "likeness" }), "invalid"),
        (json!({ "queries": [id], "rerank": 0 }), "invalid"),
        (json!({ "queries": [id], "kk": 1 }), "invalid"),
        (json!({ "queries": 7 }), "invalid"),
        (json!({ "queries": vec![&id; 17] }), "invalid"),
    ] {
        assert_eq!(search(body).failure(422), code);
    }
    assert_eq!(
        search(json!({ "queries": ["AAAAAAAAAAAAAAAAAAAAAA"] })).failure(404),
        "unknown_query"
    );
    for like in [999, u64::MAX] {
        assert_eq!(search(json!({ "like": [like] })).failure(404), "unknown_record");
    }
    let raw = |kind: &str, body: &[u8]| {
        server.ask("POST", "/api/v1/search", &[("Content-Type", kind)], body)
    };
    assert_eq!(raw("application/json", b"{ nonsense").failure(400), "bad_json");
    assert_eq!(raw("application/json", b"").failure(400), "bad_json");
    assert_eq!(raw("text/plain", b"{}").failure(415), "not_json");
    let deep = format!("{{\"queries\": {}", "[".repeat(100_000));
    assert_eq!(raw("application/json", deep.as_bytes()).failure(422), "invalid");
    let region = |left, width| json!({ "left": left, "top": 0.0, "width": width, "height": 1.0 });
    for wrong in [region(0.8, 0.5), region(-0.1, 0.5), region(0.0, 0.001), region(0.0, 0.0)] {
        assert_eq!(
            server.post(&format!("/api/v1/queries/{id}/region"), &wrong).failure(422),
            "invalid"
        );
    }
    for side in ["0", "99999", "-1", "x"] {
        assert_eq!(
            server.get(&format!("/api/v1/queries/{id}/preview.png?side={side}")).failure(422),
            "invalid"
        );
    }
    for id in ["0", "999", "x", "-1", "18446744073709551615", "99999999999999999999"] {
        for part in ["", "/thumbnail.jpg", "/saliency.png", "/priors"] {
            assert_eq!(
                server.get(&format!("/api/v1/records/{id}{part}")).failure(404),
                "unknown_record"
            );
        }
    }
    assert_eq!(
        server.post("/api/v1/records/list", &json!({ "limit": 501 })).failure(422),
        "invalid"
    );
    assert_eq!(
        server.post("/api/v1/records/list", &json!({ "filter": "\"" })).failure(422),
        "bad_filter"
    );
    assert_eq!(server.get("/api/v1/nothing").failure(404), "unknown_path");
    assert_eq!(server.get("/assets/nothing.js").failure(404), "unknown_path");
    assert_eq!(server.get("/api/v1/search").failure(405), "wrong_method");
    assert_eq!(server.get("/api/v1/queries/%FF").failure(404), "unknown_query");
    for (method, path, status, code) in [
        ("POST", "/api/v1/nothing", 404, "unknown_path"),
        ("PUT", "/nothing", 404, "unknown_path"),
        ("DELETE", "/healthz", 405, "wrong_method"),
        ("PATCH", "/api/v1/gallery", 405, "wrong_method"),
        ("POST", "/", 405, "wrong_method"),
    ] {
        let answer = server.ask(method, path, &[], b"{}");
        assert_eq!(answer.failure(status), code, "{method} {path}");
        assert!(status == 404 || answer.header("allow").contains("GET"), "{method} {path}");
    }
}

/// The pictures of a folder; none if it does not exist.
fn pictures_of(folder: &Path) -> Vec<PathBuf> {
    if folder.is_dir() { pictures(folder) } else { Vec::new() }
}

/// A PNG of a few bytes that claims to be 60,000 pixels wide and high.
fn bomb() -> Vec<u8> {
    let chunk = |kind_and_data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind_and_data);
        let length = (kind_and_data.len() as u32 - 4).to_be_bytes();
        [&length[..], kind_and_data, &crc.sum().to_be_bytes()].concat()
    };
    let header = chunk(b"IHDR\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0");
    let empty = chunk(b"IDAT\x78\x9c\x03\0\0\0\0\x01");
    [&b"\x89PNG\r\n\x1a\n"[..], &header, &empty, &chunk(b"IEND")].concat()
}

#[test]
fn what_others_do_to_the_gallery_is_seen_and_a_kill_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = gallery(folder.path());
    let count = |server: &Server| {
        server.get("/api/v1/gallery").json()["pictures"].as_u64().unwrap() as usize
    };
    let mut server = Server::start(&g, &[]);
    assert_eq!(count(&server), PICTURES);
    succeed(&["index", "--gallery", text(&g), text(&picture)]);
    assert_eq!(count(&server), PICTURES + 1);
    let id = server.upload(&fs::read(&picture).unwrap()).json()["id"].as_str().unwrap().to_owned();
    let own = server.post("/api/v1/search", &json!({ "queries": [id], "own": true })).json();
    assert_eq!((own["hits"][0]["distance"].as_u64(), ids(&own).len()), (Some(0), PICTURES + 1));
    succeed(&["gallery", "delete", text(&g), "1"]);
    assert_eq!(server.get("/api/v1/records/1").failure(404), "unknown_record");
    server.kill();
    let server = Server::start(&g, &[]);
    assert_eq!(count(&server), PICTURES);
    let search = json!({ "queries": [id] });
    assert_eq!(server.post("/api/v1/search", &search).failure(404), "unknown_query");
}

#[test]
fn the_document_is_as_checked_in() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let document = Server::start(&g, &[]).get("/api/openapi.json").json();
    let document = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let file = workspace().join("docs/openapi.json");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &document).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(document, expected, "if this is meant, run with UPDATE_SNAPSHOTS=1");
}

#[test]
fn mistakes_of_the_command_line_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let g = text(&g);
    fail(&["serve", "--gallery", g, "--address", "0.0.0.0"], &["0.0.0.0", "--api-keys"]);
    let none = folder.path().join("none.toml");
    fail(&["serve", "--gallery", g, "--api-keys", text(&none)], &["none.toml", "api-key new"]);
    fs::write(&none, "[[key]]\nid = 7\n").unwrap();
    fail(&["serve", "--gallery", g, "--api-keys", text(&none)], &["none.toml"]);
    fail(&["serve", "--gallery", text(&folder.path().join("no-gallery"))], &["no-gallery"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fail(&["serve", "--gallery", g, "--port", &port], &[&port]);
    fail(&["serve", "--gallery", g, "--viewer", "javascript:{study}"], &["https://", "{study}"]);
    fail(&["api-key", "revoke", "x", "--file", text(&folder.path().join("k"))], &["`x`"]);
}

#[test]
fn a_comparison_is_shown_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let compared = folder.path().join("compared");
    let server = Server::start(&g, &["--comparison", text(&compared)]);
    assert_eq!(server.get("/api/v1/gallery").json()["comparison"], true);
    assert_eq!(server.get("/api/v1/comparison.html").failure(404), "unknown_path");
    fs::create_dir(&compared).unwrap();
    fs::write(compared.join("report.html"), "<!doctype html>").unwrap();
    assert_eq!(server.get("/api/v1/comparison.html").bytes, b"<!doctype html>");
}

/// There is a server that answers before, during and after the switch.
#[test]
fn a_server_of_the_next_model_waits_for_the_switch() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    fail(&["serve", "--gallery", text(&g), "--bits", "64"], &["holds codes of the model"]);
    let now = Server::start(&g, &[]);
    let mut opened = Gallery::open(&g).unwrap();
    let next = ModelId(format!("{}-first-64", opened.model()));
    opened.begin_reindexing(&next, 64).unwrap();
    drop(opened);
    let then = Server::start(&g, &["--bits", "64"]);
    assert_eq!(
        (now.get("/readyz").status, then.get("/readyz").failure(503)),
        (200, "other_model".to_owned())
    );
    succeed(&["gallery", "reindex", text(&g), "--bits", "64"]);
    assert_eq!(
        (now.get("/readyz").failure(503), then.get("/readyz").status),
        ("other_model".to_owned(), 200)
    );
    let answer = then.post("/api/v1/search", &json!({ "like": [1], "own": true }));
    assert_eq!((answer.status, &answer.json()["bits"]), (200, &json!(64)));
}
