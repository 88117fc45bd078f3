//! Answers that are saved under a name: kept, listed, read as pages and objects, deleted.

use axum::Extension;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use retrieval::gallery::Gallery;
use serde_json::Value;

use super::records::png;
use super::search::{Asked, Found, shown, view};
use crate::report::answers::{Asked as Drawn, Illustrator, PAGE_MAX_BYTES, page};
use crate::report::html::render;
use crate::server::body::Json;
use crate::server::error::Problem;
use crate::server::guard::{Asker, Shown};
use crate::server::keys::random_text;
use crate::server::sets::{Kept, Part};
use crate::server::state::{App, State as Shared};
use crate::server::views::{SaveBody, SavedView, SearchView, SetView, SetsView};
use crate::told::told;

/// The most characters of a name and of a note, and the most hits.
const NAME: usize = 200;
const NOTE: usize = 4000;
const HITS: usize = 100;
/// The longer side of the query that is kept, in pixels.
const SIDE: u32 = 512;

/// A set's id, from the path.
pub(in crate::server) struct SetId(String);

impl FromRequestParts<App> for SetId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| Problem::UnknownSet)
    }
}

type Saved = (StatusCode, Extension<Shown>, Json<SetView>);

pub(in crate::server) async fn save(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    Json(body): Json<SaveBody>,
) -> Result<Saved, Problem> {
    check(&body)?;
    let asked = Asked::new(&app, body.search)?;
    let shared = App::clone(&app);
    let (answer, kept) = app.reading.run(move || keep(&shared, &asked)).await?;
    let set = SetView {
        id: random_text::<16>()?,
        name: body.name.trim().to_owned(),
        note: body.note,
        made: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        owner: asker.map(|caller| caller.key),
        shared: body.shared,
        hits: answer.hits.len(),
        fhir: kept.fhir.is_some(),
        sr: kept.sr.is_some(),
        preview: kept.preview.is_some(),
    };
    let (shared, copy) = (App::clone(&app), set.clone());
    app.reading.run(move || shared.sets()?.insert(&copy, &kept)).await?;
    Ok((StatusCode::CREATED, shown(&answer, Vec::new()), Json(set)))
}

fn check(body: &SaveBody) -> Result<(), Problem> {
    let characters = |name: &str, text: &str, most: usize| match text.chars().count() {
        count if count <= most => Ok(()),
        count => Err(Problem::invalid(format!("a {name} of {count} characters"), format!("at most {most}"))),
    };
    characters("name", &body.name, NAME)?;
    characters("note", &body.note, NOTE)?;
    if body.name.trim().is_empty() {
        return Err(Problem::invalid("an empty `name`", "a name to find the set by"));
    }
    if body.search.k > HITS {
        return Err(Problem::invalid(
            format!("{} as `k`", body.search.k),
            format!("at most {HITS} in a set"),
        ));
    }
    Ok(())
}

/// Searches, and makes all that is kept of the answer.
fn keep(shared: &Shared, asked: &Asked) -> Result<(SearchView, Kept), Problem> {
    shared.with_gallery(|gallery| {
        let (found, took) = asked.find(shared, gallery)?;
        let picture = asked.pictures.first();
        let report = draw(shared, gallery, asked, &found)?;
        let (fhir, sr) = objects(shared, gallery, asked, &found)?;
        let view = view(found, shared.encoder.bits(), took);
        let answer = serde_json::to_string(&view).map_err(anyhow::Error::from)?;
        let preview = picture.map(|picture| picture.preview(SIDE)).transpose()?;
        Ok((view, Kept { answer, preview, report, fhir, sr }))
    })
}

/// The page of an answer.
fn draw(shared: &Shared, gallery: &Gallery, asked: &Asked, found: &Found) -> Result<Vec<u8>, Problem> {
    let mut queries = Vec::new();
    for picture in &asked.pictures {
        let (small, saliency) = (picture.small(SIDE)?, &picture.encoding.saliency);
        queries.push(Drawn::Image(&picture.record, small, saliency, &picture.frame));
    }
    let entries = if queries.is_empty() { &asked.body.like[..] } else { &[] };
    let entries = entries.iter().map(|&id| Ok((id, gallery.record(id)?)));
    let entries = entries.collect::<Result<Vec<_>, Problem>>()?;
    queries.extend(entries.iter().map(|(id, record)| Drawn::Entry(*id, record)));
    let answer = Illustrator::new(&shared.encoder, gallery).answer(&queries, &found.0)?;
    Ok(render(&page(gallery, vec![answer]), PAGE_MAX_BYTES).into_bytes())
}

/// The answer in FHIR, and as a structured report if its query has a study. After feedback there is neither.
#[expect(clippy::type_complexity, reason = "two files, each of which there may be")]
fn objects(
    shared: &Shared,
    gallery: &Gallery,
    asked: &Asked,
    (hits, estimate): &Found,
) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>), Problem> {
    if !(asked.body.like.is_empty() && asked.body.unlike.is_empty()) {
        return Ok((None, None));
    }
    let picture = asked.pictures.first();
    let key = picture.map(|picture| picture.record.key.clone()).unwrap_or_default();
    let told = told(&shared.encoder, gallery, key, (hits, estimate.as_ref()), None);
    let source = picture.and_then(|picture| picture.source.as_ref());
    let fhir = serde_json::to_vec_pretty(&interchange::bundle(&told, source)).map_err(anyhow::Error::from)?;
    let sr = source.map(|source| interchange::report(&told, source)).transpose();
    Ok((Some(fhir), sr.map_err(anyhow::Error::from)?))
}

pub(in crate::server) async fn list(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
) -> Result<Json<SetsView>, Problem> {
    let shared = App::clone(&app);
    let sets = app.reading.run(move || shared.sets()?.list(asker.as_ref())).await?;
    Ok(Json(SetsView { sets }))
}

pub(in crate::server) async fn show(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    SetId(id): SetId,
) -> Result<(Extension<Shown>, Json<SavedView>), Problem> {
    let shared = App::clone(&app);
    let (set, answer) = app.reading.run(move || shared.sets()?.get(&id, asker.as_ref())).await?;
    let answer: Value = serde_json::from_str(&answer).map_err(anyhow::Error::from)?;
    let hits = answer["hits"].as_array().into_iter().flatten();
    let records = hits.filter_map(|hit| hit["id"].as_u64()).collect();
    Ok((Extension(Shown { records, ..Shown::default() }), Json(SavedView { set, answer })))
}

pub(in crate::server) async fn preview(
    app: State<App>,
    asker: Extension<Asker>,
    id: SetId,
) -> Result<impl IntoResponse, Problem> {
    part(app, asker, id, Part::Preview).await.map(png)
}

pub(in crate::server) async fn report(
    app: State<App>,
    asker: Extension<Asker>,
    id: SetId,
) -> Result<impl IntoResponse, Problem> {
    let disposition = "attachment; filename=similar.html";
    part(app, asker, id, Part::Report).await.map(|page| file("text/html; charset=utf-8", disposition, page))
}

pub(in crate::server) async fn fhir(
    app: State<App>,
    asker: Extension<Asker>,
    id: SetId,
) -> Result<impl IntoResponse, Problem> {
    let disposition = "attachment; filename=similar.fhir.json";
    part(app, asker, id, Part::Fhir).await.map(|bundle| file("application/fhir+json", disposition, bundle))
}

pub(in crate::server) async fn sr(
    app: State<App>,
    asker: Extension<Asker>,
    id: SetId,
) -> Result<impl IntoResponse, Problem> {
    let disposition = "attachment; filename=similar.sr.dcm";
    part(app, asker, id, Part::Sr).await.map(|report| file("application/dicom", disposition, report))
}

async fn part(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    SetId(id): SetId,
    part: Part,
) -> Result<Vec<u8>, Problem> {
    let shared = App::clone(&app);
    app.reading.run(move || shared.sets()?.part(&id, part, asker.as_ref())).await
}

/// A file to keep, which no browser shows as a page of the server's.
fn file(kind: &'static str, disposition: &'static str, bytes: Vec<u8>) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition)];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), bytes)
}

pub(in crate::server) async fn remove(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    SetId(id): SetId,
) -> Result<StatusCode, Problem> {
    let shared = App::clone(&app);
    app.reading.run(move || shared.sets()?.remove(&id, asker.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}
