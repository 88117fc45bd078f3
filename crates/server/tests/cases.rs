//! Questions of a reader about a case: the picture that is sent, its neighbours, their records.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::cases::{PICTURES, described_gallery, ids, upload};
use common::{Answer, Server, samples};
use radiograph::Limits;
use serde_json::{Value, json};

fn dimensions(answer: &Answer) -> (u32, u32) {
    assert_eq!(answer.status, 200);
    let picture = image::load_from_memory(&answer.bytes).unwrap();
    assert_eq!(picture.color(), image::ColorType::L8);
    (picture.width(), picture.height())
}

#[test]
fn a_gallery_tells_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = described_gallery(folder.path());
    let viewer = "https://pacs/viewer?StudyInstanceUIDs={study}";
    let server = Server::with(&g, |settings| settings.viewer = Some(viewer.to_owned()));
    let about = server.get("/api/v1/gallery").json();
    assert_eq!(
        (&about["name"], &about["pictures"], &about["bits"]),
        (&"g".into(), &PICTURES.into(), &128.into())
    );
    assert_eq!(about["facets"]["label"][0], json!({ "value": "chest", "count": PICTURES }));
    assert_eq!(about["study_dates"], json!(["2020-01-01", "2020-01-06"]));
    assert_eq!((&about["viewer"], &about["estimates"]), (&viewer.into(), &true.into()));
    let session = server.get("/api/v1/session").json();
    assert_eq!([&session["required"], &session["role"]], [&json!(false), &Value::Null]);
}

#[test]
fn a_picture_that_is_sent_comes_back_whole_small_and_in_16_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = described_gallery(folder.path());
    let server = Server::of(&g);
    let whole = image::load_from_memory(&picture).unwrap();
    let (width, height) = (whole.width(), whole.height());
    let query = server.upload(&picture);
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
    // The expected pixels are those that the library reads, in 16 bits.
    let path = &samples(PICTURES + 1)[PICTURES];
    let (read, _) = radiograph::read(path, &Limits::default()).unwrap();
    let sixteen: Vec<u8> = read
        .pixels()
        .iter()
        .flat_map(|grey| ((grey * 65535.0).round() as u16).to_le_bytes())
        .collect();
    assert!(pixels.bytes == sixteen);
    assert_eq!(server.delete(&at).status, 204);
    assert_eq!(server.delete(&at).failure(404), "unknown_query");
}

#[test]
fn a_search_is_ordered_filtered_grouped_and_steered() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = described_gallery(folder.path());
    let server = Server::of(&g);
    let id = upload(&server, &picture);
    let search = |body: Value| server.post("/api/v1/search", &body).json();
    let answer = search(json!({ "queries": [id], "k": 3 }));
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
    assert_eq!(ids(&answer), ids(&all)[..3]);
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
}

#[test]
fn a_region_is_a_query_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = described_gallery(folder.path());
    let server = Server::of(&g);
    let id = upload(&server, &picture);
    let width = image::load_from_memory(&picture).unwrap().width();
    let region = json!({ "left": 0.25, "top": 0.1, "width": 0.5, "height": 0.5 });
    let part = server.post(&format!("/api/v1/queries/{id}/region"), &region);
    let across = part.json()["width"].as_f64().unwrap();
    assert!(part.status == 201 && (across - 0.5 * f64::from(width)).abs() <= 1.0);
    let part = part.json()["id"].as_str().unwrap().to_owned();
    let found = server.post("/api/v1/search", &json!({ "queries": [id, part] })).json();
    assert_eq!(ids(&found).len(), PICTURES);
    let metrics = String::from_utf8(server.get("/metrics").bytes).unwrap();
    let counted =
        "_count{route=\"/api/v1/queries/{id}/region\",method=\"POST\",status=\"201\"} 1\n";
    assert!(
        metrics.contains(counted) && metrics.contains(&format!("skiagraph_pictures {PICTURES}\n")),
        "{metrics}"
    );
}

#[test]
fn records_are_listed_and_shown_with_priors_and_thumbnails() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = described_gallery(folder.path());
    let server = Server::of(&g);
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
}

#[test]
fn health_and_pages_are_there_and_the_log_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = described_gallery(folder.path());
    let server = Server::of(&g);
    let id = upload(&server, &picture);
    let filtered = json!({ "queries": [id], "filter": "age > 20 and patient = 'site/same'" });
    assert_eq!(server.post("/api/v1/search", &filtered).status, 200);
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
    for path in ["/", "/cases/12"] {
        let page = server.get(path);
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    }
    let log = server.end();
    assert_eq!(log.lines().count(), 7);
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
    assert!(!log.contains(&id) && !log.contains("same") && !log.contains("age"), "{log}");
}
