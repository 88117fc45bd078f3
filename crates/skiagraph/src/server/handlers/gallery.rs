//! The gallery as a whole.

use std::fs;
use std::io::ErrorKind;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::server::body::Json;
use crate::server::error::Problem;
use crate::server::state::App;
use crate::server::views::{FacetsView, GalleryView};

pub(in crate::server) async fn show(State(app): State<App>) -> Result<Json<GalleryView>, Problem> {
    let shared = App::clone(&app);
    let looked =
        move || shared.with_gallery(|gallery| Ok((gallery.len(), gallery.bits(), shared.facets(gallery)?)));
    let (pictures, bits, facets) = app.reading.run(looked).await?;
    let name = app.settings.gallery.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Json(GalleryView {
        name: name.unwrap_or_default(),
        pictures,
        bits,
        model_id: app.encoder.model_id().0.clone(),
        input_size: app.encoder.preprocess().size,
        facets: FacetsView::from(&*facets),
        study_dates: facets.study_dates.map(|(first, last)| [first.to_string(), last.to_string()]),
        viewer: app.settings.viewer.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        comparison: app.settings.comparison.is_some(),
        estimates: app.encoder.card().estimator.is_some(),
    }))
}

/// The report of a comparison of methods, a page that stands alone.
pub(in crate::server) async fn comparison(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let folder = app.settings.comparison.clone().ok_or(Problem::UnknownPath)?;
    let read = move || match fs::read(folder.join("report.html")) {
        Ok(page) => Ok(page),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Problem::UnknownPath),
        Err(error) => Err(Problem::Internal(error.into())),
    };
    let page = app.reading.run(read).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], page))
}
