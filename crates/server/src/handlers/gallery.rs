//! The gallery as a whole.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::body::Json;
use crate::error::Problem;
use crate::state::App;
use crate::views::{CardView, FacetsView, GalleryView};

pub(crate) async fn show(State(app): State<App>) -> Result<Json<GalleryView>, Problem> {
    let shared = App::clone(&app);
    let looked = move || {
        shared.with_gallery(|gallery| {
            Ok((gallery.len(), gallery.bits(), gallery.bytes_on_disk(), shared.facets(gallery)?))
        })
    };
    let (pictures, bits, bytes, facets) = app.reading.run(looked).await?;
    Ok(Json(GalleryView {
        name: app.settings.gallery.name(),
        pictures,
        bits,
        model_id: app.encoder.model_id().0.clone(),
        input_size: app.encoder.preprocess().size,
        facets: FacetsView::from(&*facets),
        study_dates: facets.study_dates.map(|(first, last)| [first.to_string(), last.to_string()]),
        viewer: app.settings.viewer.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        comparison: app.settings.comparison.is_some(),
        evaluation: app.settings.evaluation.is_some(),
        quality: app.quality.clone(),
        card: CardView::from(&app.encoder),
        bytes,
        maps_of_findings: app.encoder.has_finder(),
        estimates: app.encoder.card().estimator.is_some(),
    }))
}

/// The gallery's map.
pub(crate) async fn map(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let shared = App::clone(&app);
    let map = app.reading.run(move || shared.with_gallery(|gallery| shared.map(gallery))).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], map.ok_or(Problem::NoMap)?))
}

/// The report of a comparison of methods, a self-contained page.
pub(crate) async fn comparison(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    report(&app, app.settings.comparison.as_deref(), "report.html").await
}

/// The report of the model's evaluation, a self-contained page.
pub(crate) async fn evaluation(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    report(&app, app.settings.evaluation.as_deref(), "results.html").await
}

async fn report(
    app: &App,
    folder: Option<&Path>,
    name: &str,
) -> Result<impl IntoResponse + use<>, Problem> {
    let path = folder.ok_or(Problem::UnknownPath)?.join(name);
    let read = move || match fs::read(path) {
        Ok(page) => Ok(page),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Problem::UnknownPath),
        Err(error) => Err(Problem::Internal(error.into())),
    };
    let page = app.reading.run(read).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], page))
}
