//! Saved answers: keeping and listing them, reading them as pages and objects, deleting them.

use axum::Extension;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use serde_json::Value;

use super::saved_report::{Report, SIDE, Title};
use super::search::{Asked, shown};
use crate::body::Json;
use crate::caller::Asker;
use crate::error::Problem;
use crate::guard::Shown;
use crate::keys::random_text;
use crate::sets::{Kept, Part};
use crate::state::{App, State as Shared};
use crate::views::{SaveBody, SavedView, SearchView, SetView, SetsView};

/// The most characters of a name and of a note, and the most hits.
const NAME: usize = 200;
const NOTE: usize = 4000;
const HITS: usize = 100;

/// A set's id, from the path.
pub(crate) struct SetId(String);

impl FromRequestParts<App> for SetId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| Problem::UnknownSet)
    }
}

type Saved = (StatusCode, Extension<Shown>, Json<SetView>);

pub(crate) async fn save(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    Json(body): Json<SaveBody>,
) -> Result<Saved, Problem> {
    check(&body)?;
    let asked = Asked::new(&app, body.search)?;
    let (shared, queries) = (App::clone(&app), asked.body.queries.clone());
    // The page's maps are made anew, which is work for encoders.
    let title = Title { name: body.name.clone(), note: body.note.clone() };
    let (answer, kept) = app.encoding.run(move || keep(&shared, &asked, &title)).await?;
    let set = SetView {
        id: random_text::<16>()?,
        name: body.name.trim().to_owned(),
        note: body.note,
        made: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        owner: asker.map(|caller| caller.id),
        shared: body.shared,
        hits: answer.hits.len(),
        fhir: kept.fhir.is_some(),
        sr: kept.sr.is_some(),
        preview: kept.preview.is_some(),
        deleted: 0,
    };
    let (shared, copy) = (App::clone(&app), set.clone());
    app.reading.run(move || shared.sets()?.insert(&copy, &kept)).await?;
    let Extension(shown) = shown(&answer, queries);
    let shown = Shown { set: Some(set.id.clone()), ..shown };
    Ok((StatusCode::CREATED, Extension(shown), Json(set)))
}

fn check(body: &SaveBody) -> Result<(), Problem> {
    let characters = |name: &str, text: &str, most: usize| match text.chars().count() {
        count if count <= most => Ok(()),
        count => Err(Problem::invalid(
            format!("a {name} of {count} characters"),
            format!("at most {most}"),
        )),
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

/// Searches, and makes all parts of the answer that are kept.
fn keep(shared: &Shared, asked: &Asked, title: &Title) -> Result<(SearchView, Kept), Problem> {
    shared.with_gallery(|gallery| {
        let (found, took) = asked.find(shared, gallery)?;
        let picture = asked.pictures.first();
        let report = Report { shared, gallery, asked, title };
        let (page, exported) = (report.page(&found)?, report.export(&found));
        let source = picture.and_then(|picture| picture.source.as_ref());
        let fhir = exported
            .as_ref()
            .map(|exported| serde_json::to_vec_pretty(&interchange::bundle(exported, source)));
        let sr = exported
            .as_ref()
            .zip(source)
            .map(|(exported, source)| interchange::report(exported, source));
        let view = asked.view(found, shared.encoder.bits(), took, gallery.age());
        let answer = serde_json::to_string(&view).map_err(anyhow::Error::from)?;
        let preview = picture.map(|picture| picture.preview(SIDE)).transpose()?;
        let fhir = fhir.transpose().map_err(anyhow::Error::from)?;
        let sr = sr.transpose().map_err(anyhow::Error::from)?;
        let body = &asked.body;
        let shows =
            view.hits.iter().map(|hit| hit.id).chain(body.like.iter().chain(&body.unlike).copied());
        let shows = shows.collect();
        let queries = asked.pictures.iter().map(|picture| gallery.id_of(&picture.record.key));
        let queries = queries.filter_map(Result::transpose).collect::<gallery::Result<_>>()?;
        Ok((view, Kept { answer, preview, report: page, fhir, sr, shows, queries }))
    })
}

pub(crate) async fn list(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
) -> Result<Json<SetsView>, Problem> {
    let shared = App::clone(&app);
    let sets = app.reading.run(move || shared.current_sets()?.list(asker.as_ref())).await?;
    Ok(Json(SetsView { sets }))
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    SetId(id): SetId,
) -> Result<(Extension<Shown>, Json<SavedView>), Problem> {
    let shared = App::clone(&app);
    let (set, answer) =
        app.reading.run(move || shared.current_sets()?.get(&id, asker.as_ref())).await?;
    let answer: Value = serde_json::from_str(&answer).map_err(anyhow::Error::from)?;
    Ok((shown_of(&answer), Json(SavedView { set, answer })))
}

/// The pictures of a saved answer, for the audit log.
fn shown_of(answer: &Value) -> Extension<Shown> {
    let hits = answer["hits"].as_array().into_iter().flatten();
    let records = hits.filter_map(|hit| hit["id"].as_u64()).collect();
    Extension(Shown { records, ..Shown::default() })
}

/// A part of a set, which the router chooses.
pub(crate) async fn part(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    SetId(id): SetId,
    part: Part,
) -> Result<impl IntoResponse, Problem> {
    let shared = App::clone(&app);
    let read = move || {
        let (_, answer) = shared.current_sets()?.get(&id, asker.as_ref())?;
        Ok((answer, shared.sets()?.part(&id, part)?))
    };
    let (answer, bytes) = app.reading.run(read).await?;
    let answer: Value = serde_json::from_str(&answer).map_err(anyhow::Error::from)?;
    Ok((shown_of(&answer), file(part), bytes))
}

/// The headers of a part. Browsers store files to keep, and do not show them as pages of this
/// server.
fn file(part: Part) -> [(HeaderName, HeaderValue); 2] {
    let (kind, disposition) = match part {
        Part::Preview => ("image/png", "inline"),
        Part::Report => ("text/html; charset=utf-8", "attachment; filename=similar.html"),
        Part::Fhir => ("application/fhir+json", "attachment; filename=similar.fhir.json"),
        Part::Sr => ("application/dicom", "attachment; filename=similar.sr.dcm"),
    };
    [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition)]
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
}

pub(crate) async fn remove(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
    SetId(id): SetId,
) -> Result<StatusCode, Problem> {
    let shared = App::clone(&app);
    app.reading.run(move || shared.sets()?.remove(&id, asker.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}
