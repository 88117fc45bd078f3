//! Query pictures: uploading, showing and removing them.

use axum::Extension;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::records::png;
use crate::body::{self, Json};
use crate::error::Problem;
use crate::guard::Shown;
use crate::pictures::Picture;
use crate::state::App;
use crate::views::{QueryView, Region};

/// The sides that a preview may have, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 16..=4096;
const SIDE: u32 = 1024;

/// A query's id, from the path.
pub(crate) struct QueryId(String);

impl FromRequestParts<App> for QueryId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| Problem::UnknownQuery)
    }
}

type Created = (StatusCode, Extension<Shown>, Json<QueryView>);

pub(crate) async fn upload(State(app): State<App>, request: Request) -> Result<Created, Problem> {
    let limits = app.settings.limits;
    let file = body::read(&app, request, limits.upload_bytes).await?;
    let shared = App::clone(&app);
    let read = move || {
        let limits = radiograph::Limits {
            max_bytes: limits.upload_bytes as u64,
            max_pixels: limits.pixels,
            memory_timeout: limits.timeout,
            ..radiograph::Limits::default()
        };
        Picture::read(&file.bytes, &limits, &shared.encoder)
    };
    keep(&app, app.encoding.run(read).await?)
}

pub(crate) async fn show(
    State(app): State<App>,
    QueryId(id): QueryId,
) -> Result<Json<QueryView>, Problem> {
    let picture = app.queries.get(&id)?;
    Ok(Json(QueryView::new(id, &picture)))
}

pub(crate) async fn region(
    State(app): State<App>,
    QueryId(id): QueryId,
    Json(region): Json<Region>,
) -> Result<Created, Problem> {
    let (shared, whole) = (App::clone(&app), app.queries.get(&id)?);
    keep(&app, app.encoding.run(move || whole.part(&region, &shared.encoder)).await?)
}

fn keep(app: &App, picture: Picture) -> Result<Created, Problem> {
    let (id, picture) = app.queries.insert(picture)?;
    let shown = Shown { queries: vec![id.clone()], ..Shown::default() };
    Ok((StatusCode::CREATED, Extension(shown), Json(QueryView::new(id, &picture))))
}

#[derive(Deserialize)]
struct PreviewParameters {
    side: Option<u32>,
}

pub(crate) async fn preview(
    State(app): State<App>,
    QueryId(id): QueryId,
    uri: Uri,
) -> Result<impl IntoResponse, Problem> {
    let wanted = || format!("`side` from {} to {}", SIDES.start(), SIDES.end());
    let parameters = Query::<PreviewParameters>::try_from_uri(&uri);
    let Query(PreviewParameters { side }) =
        parameters.map_err(|_| Problem::invalid("a query string that cannot be read", wanted()))?;
    let side = side.unwrap_or(SIDE);
    if !SIDES.contains(&side) {
        return Err(Problem::invalid(format!("`side` {side}"), wanted()));
    }
    let picture = app.queries.get(&id)?;
    app.encoding.run(move || picture.preview(side)).await.map(png)
}

pub(crate) async fn pixels(
    State(app): State<App>,
    QueryId(id): QueryId,
) -> Result<impl IntoResponse, Problem> {
    let picture = app.queries.get(&id)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (HeaderName::from_static("x-width"), picture.width.into()),
        (HeaderName::from_static("x-height"), picture.height.into()),
    ];
    Ok((headers, picture.pixels.clone()))
}

pub(crate) async fn saliency(
    State(app): State<App>,
    QueryId(id): QueryId,
) -> Result<impl IntoResponse, Problem> {
    let (picture, shared) = (app.queries.get(&id)?, App::clone(&app));
    app.encoding.run(move || picture.saliency(&shared.encoder)).await.map(png)
}

pub(crate) async fn remove(
    State(app): State<App>,
    QueryId(id): QueryId,
) -> Result<StatusCode, Problem> {
    app.queries.remove(&id).map(|()| StatusCode::NO_CONTENT)
}
