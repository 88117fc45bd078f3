//! The same neighbours from a folder, from two search nodes, and from the database itself.

use std::path::Path;

use gallery::Gallery;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::cluster::Cluster;
use crate::common::model;
use crate::server::Server;
use crate::{entry, text};

const ENTRIES: u64 = 5_000;
const QUERIES: usize = 20_000;
/// The filters in their own language and in SQL.
const FILTERS: [(Option<&str>, &str); 5] = [
    (None, "true"),
    (Some("body_part = 'chest'"), "lower(body_part) = 'chest'"),
    (Some("age >= 18 and age < 60"), "age >= 18 AND age < 60"),
    (Some("not label = 'hand'"), "NOT 'hand' = ANY (labels)"),
    (
        Some("body_part in ('hand', 'knee') and age < 12"),
        "body_part IN ('HAND', 'KNEE') AND age < 12",
    ),
];

pub(crate) fn measure(cluster: &Cluster, folder: &Path) {
    let at = cluster.address("parity", "");
    // The model is the one that the nodes load.
    let card = crate::run_json(&[
        "index",
        "--gallery",
        &at,
        "--model",
        text(&model()),
        text(&first_sample()),
    ]);
    assert_eq!(card["added"], 1);
    let mut theirs = Gallery::open(Path::new(&at)).unwrap();
    let first = theirs.ids();
    theirs.delete(&first).unwrap();
    let copy = folder.join("copy");
    let mut ours = Gallery::create(&copy, theirs.model(), theirs.bits()).unwrap();
    for i in 0..ENTRIES {
        theirs.insert(&entry(i, theirs.bits())).unwrap();
        ours.insert(&entry(i, ours.bits())).unwrap();
    }
    theirs.commit().unwrap();
    ours.commit().unwrap();
    let nodes = ["p1", "p2"].map(|name| {
        Server::start(Path::new(&format!("{at}snapshots={}", folder.join(name).display())), &[])
    });
    // Ids differ by the number that was given to deleted pictures.
    let shift = theirs.ids()[0] - ours.ids()[0];
    let local = Server::start(&copy, &[]);
    let mut random = StdRng::seed_from_u64(1);
    let mut in_sql = Vec::new();
    for n in 0..QUERIES {
        let like = ours.ids()[0] + random.random_range(0..ENTRIES);
        let (filter, sql) = FILTERS[random.random_range(0..FILTERS.len())];
        let k = random.random_range(1..20);
        let ask = |server: &Server, shift: u64| {
            let body = json!({ "like": [like + shift], "k": k, "filter": filter });
            let answer = server.post("/api/v1/search", &body);
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
            let hits = answer.json()["hits"].as_array().unwrap().clone();
            let pair = |hit: &serde_json::Value| {
                (hit["id"].as_u64().unwrap() - shift, hit["distance"].as_u64().unwrap())
            };
            hits.iter().map(pair).collect::<Vec<_>>()
        };
        let expected = ask(&local, 0);
        for node in &nodes {
            assert_eq!(ask(node, shift), expected, "query {n}");
        }
        in_sql.push((like + shift, sql, k, expected));
    }
    println!("parity: {QUERIES} queries have the same neighbours from a folder and from two nodes");
    for questions in in_sql.chunks(200) {
        let said = cluster.sql("parity", &questions.iter().map(question).collect::<String>());
        let mut lines = said.lines();
        for (like, _, _, expected) in questions {
            let found: Vec<(u64, u64)> = lines
                .by_ref()
                .take_while(|line| *line != "end")
                .map(|line| line.split_once('|').unwrap())
                .map(|(id, distance)| {
                    (id.parse::<u64>().unwrap() - shift, distance.parse().unwrap())
                })
                .collect();
            assert_eq!(&found, expected, "like {like}");
        }
    }
    println!("parity: {QUERIES} queries have the same neighbours from `<~>` in the database");
}

/// One query in SQL; the patient's own pictures do not answer.
fn question((like, condition, k, _): &(u64, &str, i32, Vec<(u64, u64)>)) -> String {
    format!(
        "SELECT r.id, (r.code OPERATOR(public.<~>) q.code)::integer FROM skiagraph.radiographs r,
            (SELECT code, patient FROM skiagraph.radiographs WHERE id = {like}) AS q
         WHERE r.patient <> q.patient AND {condition} ORDER BY 2, 1 LIMIT {k}; SELECT 'end';"
    )
    .replace("lower(body_part)", "lower(r.body_part)")
    .replace("age ", "r.age ")
    .replace(" body_part", " r.body_part")
    .replace("(labels)", "(r.labels)")
}

fn first_sample() -> std::path::PathBuf {
    let images = crate::common::pictures(&crate::samples().join("images"));
    images.into_iter().next().unwrap()
}
