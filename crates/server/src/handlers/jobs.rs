//! Jobs that fill the gallery: making, feeding, showing, closing and cancelling them.

use axum::Extension;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::body::{self, Json};
use crate::caller::Asker;
use crate::error::Problem;
use crate::state::App;
use crate::views::{FileView, JobView, JobsView};

/// A job's id, from the path.
pub(crate) struct JobId(String);

impl FromRequestParts<App> for JobId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| Problem::UnknownJob)
    }
}

pub(crate) async fn make(
    State(app): State<App>,
    Extension(Asker(asker)): Extension<Asker>,
) -> Result<(StatusCode, Json<JobView>), Problem> {
    let shared = App::clone(&app);
    let made = app.reading.run(move || shared.jobs.make(asker.map(|caller| caller.id)));
    made.await.map(|(id, job)| (StatusCode::CREATED, Json(JobView::new(id, job))))
}

pub(crate) async fn list(State(app): State<App>) -> Json<JobsView> {
    let jobs = app.jobs.list().into_iter().map(|(id, job)| JobView::new(id, job)).collect();
    Json(JobsView { jobs })
}

pub(crate) async fn show(
    State(app): State<App>,
    JobId(id): JobId,
) -> Result<Json<JobView>, Problem> {
    app.jobs.get(&id).map(|job| Json(JobView::new(id, job)))
}

pub(crate) async fn receive(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    JobId(id): JobId,
    request: Request,
) -> Result<(StatusCode, Json<FileView>), Problem> {
    check_owner(&app, &id, &asker)?;
    let file = body::read(&app, request, app.settings.limits.upload_bytes).await?;
    if file.bytes.is_empty() {
        return Err(Problem::Picture(radiograph::Error::Empty));
    }
    let shared = App::clone(&app);
    let file = app.reading.run(move || shared.jobs.receive(&id, &file.bytes)).await?;
    Ok((StatusCode::CREATED, Json(FileView { file })))
}

pub(crate) async fn close(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    JobId(id): JobId,
) -> Result<Json<JobView>, Problem> {
    check_owner(&app, &id, &asker)?;
    let (shared, copy) = (App::clone(&app), id.clone());
    app.reading
        .run(move || shared.jobs.end(&copy, false))
        .await
        .map(|job| Json(JobView::new(id, job)))
}

pub(crate) async fn cancel(
    State(app): State<App>,
    Extension(asker): Extension<Asker>,
    JobId(id): JobId,
) -> Result<StatusCode, Problem> {
    check_owner(&app, &id, &asker)?;
    let shared = App::clone(&app);
    app.reading.run(move || shared.jobs.end(&id, true)).await.map(|_| StatusCode::NO_CONTENT)
}

/// Checks that the caller made the job or is an admin. Others may look at it, but not feed, close
/// or cancel it.
fn check_owner(app: &App, id: &str, Asker(asker): &Asker) -> Result<(), Problem> {
    let may = app.jobs.get(id)?.may_be_changed_by(asker.as_ref());
    if may { Ok(()) } else { Err(Problem::NotOwner) }
}
