//! Pictures of the gallery.

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use gallery::{Filter, Gallery, Page};

use crate::body::Json;
use crate::error::Problem;
use crate::guard::Shown;
use crate::pictures::{evidence_in, saliency_of};
use crate::state::App;
use crate::views::{ListBody, ListView, PriorsView, RecordView};

/// The most records of a page, and of a patient.
const MOST: usize = 500;

/// The id of a picture, from the path. A path without a number names no picture.
pub(crate) struct RecordId(u64);

impl FromRequestParts<App> for RecordId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(id) = Path::<u64>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::UnknownRecord)?;
        // Ids are SQLite's, which are signed.
        i64::try_from(id).map(|_| Self(id)).map_err(|_| Problem::UnknownRecord)
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    Json(body): Json<ListBody>,
) -> Result<(Extension<Shown>, Json<ListView>), Problem> {
    if body.limit > MOST {
        return Err(Problem::invalid(format!("`limit` {}", body.limit), format!("at most {MOST}")));
    }
    let filter = body.filter.as_deref().map(str::parse::<Filter>).transpose()?;
    let page =
        look(&app, move |gallery| Ok(gallery.page(filter.as_ref(), body.offset, body.limit)?));
    let Page { total, records } = page.await?;
    let records: Vec<_> = records.into_iter().map(RecordView::from).collect();
    Ok((shown(&records), Json(ListView { total, records })))
}

pub(crate) async fn show(
    State(app): State<App>,
    RecordId(id): RecordId,
) -> Result<Json<RecordView>, Problem> {
    let record = look(&app, move |gallery| Ok(gallery.record(id)?)).await?;
    Ok(Json(RecordView::from((id, record))))
}

pub(crate) async fn thumbnail(
    State(app): State<App>,
    RecordId(id): RecordId,
) -> Result<impl IntoResponse, Problem> {
    let jpeg = look(&app, move |gallery| Ok(gallery.thumbnail(id)?)).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("image/jpeg"))], jpeg))
}

pub(crate) async fn saliency(
    State(app): State<App>,
    RecordId(id): RecordId,
) -> Result<impl IntoResponse, Problem> {
    let jpeg = look(&app, move |gallery| Ok(gallery.thumbnail(id)?)).await?;
    let shared = App::clone(&app);
    app.encoding.run(move || saliency_of(&jpeg, &shared.encoder)).await.map(png)
}

/// The map of what makes one picture of the gallery similar to another.
pub(crate) async fn evidence(
    State(app): State<App>,
    pair: Result<Path<(u64, u64)>, PathRejection>,
) -> Result<(Extension<Shown>, impl IntoResponse), Problem> {
    let Path((id, other)) = pair.map_err(|_| Problem::UnknownRecord)?;
    let read = move |gallery: &Gallery| Ok((gallery.thumbnail(id)?, gallery.embedding(other)?));
    let (jpeg, embedding) = look(&app, read).await?;
    let shared = App::clone(&app);
    let drawn = app.encoding.run(move || evidence_in(&jpeg, &embedding, &shared.encoder)).await?;
    Ok((Extension(Shown { records: vec![other], ..Shown::default() }), png(drawn)))
}

/// The map of what makes an uploaded picture similar to one of the gallery, or the other way round.
pub(crate) async fn evidence_of_query(
    State(app): State<App>,
    pair: Result<Path<(String, u64)>, PathRejection>,
    side: Side,
) -> Result<(Extension<Shown>, impl IntoResponse), Problem> {
    let Path((query, id)) = pair.map_err(|_| Problem::UnknownRecord)?;
    let picture = app.queries.get(&query)?;
    let read = move |gallery: &Gallery| Ok((gallery.thumbnail(id)?, gallery.embedding(id)?));
    let (jpeg, embedding) = look(&app, read).await?;
    let shared = App::clone(&app);
    let draw = move || match side {
        Side::Query => picture.evidence(&embedding, &shared.encoder),
        Side::Record => evidence_in(&jpeg, &picture.encoding.embedding, &shared.encoder),
    };
    let drawn = app.encoding.run(draw).await?;
    Ok((Extension(Shown { records: vec![id], ..Shown::default() }), png(drawn)))
}

/// The choice of the picture that a map is of.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Query,
    Record,
}

pub(crate) async fn priors(
    State(app): State<App>,
    RecordId(id): RecordId,
) -> Result<(Extension<Shown>, Json<PriorsView>), Problem> {
    let priors = look(&app, move |gallery| {
        let Some(patient) = gallery.record(id)?.patient else { return Ok(Vec::new()) };
        let others =
            gallery.of_patient(&patient)?.into_iter().filter(|&other| other != id).take(MOST);
        others.map(|id| Ok(RecordView::from((id, gallery.record(id)?)))).collect()
    });
    let records: Vec<_> = priors.await?;
    Ok((shown(&records), Json(PriorsView { records })))
}

/// The shown pictures, for the audit log.
fn shown(records: &[RecordView]) -> Extension<Shown> {
    Extension(Shown {
        records: records.iter().map(|record| record.id).collect(),
        ..Shown::default()
    })
}

/// Runs `at` with the gallery on a worker.
async fn look<T: Send + 'static>(
    app: &App,
    at: impl FnOnce(&Gallery) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let shared = App::clone(app);
    app.reading.run(move || shared.with_gallery(at)).await
}

/// A PNG file as an answer.
pub(super) fn png(bytes: Vec<u8>) -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("image/png"))], bytes)
}
