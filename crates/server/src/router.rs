//! Every route in one table: its method and path, its access, its handler, and its documentation.

use std::sync::Arc;

use axum::Router;
use axum::extract::MatchedPath;
use axum::middleware::from_fn_with_state;
use serde_json::Value;

use super::body::Json;
use super::error::Problem;
use super::guard::{Access, guard};
use super::handlers::records::Side;
use super::handlers::{
    application, gallery, health, jobs, queries, records, saved_searches, search, session,
};
use super::keys::Role;
use super::oidc;
use super::openapi;
use super::request_telemetry::observe;
use super::route::{Gives, Route, Takes, delete, get, post};
use super::sets::Part;
use super::state::App;
use super::views::{
    FileView, GalleryView, JobView, JobsView, KeyBody, ListBody, ListView, MapView, PriorsView,
    QueryView, RecordView, Region, SaveBody, SavedView, SearchBody, SearchView, SessionView,
    SetView, SetsView,
};

/// The path of all pages of the application but the first.
const PAGES: &str = "/{*path}";
const OPEN: Access = Access::Open;
const READER: Access = Access::Role(Role::Reader);
const CONTRIBUTOR: Access = Access::Role(Role::Contributor);

/// All routes.
#[rustfmt::skip]
fn table() -> Vec<Route> {
    let png = || Gives::Media("image/png");
    vec![
        get("/api/v1/gallery", READER, gallery::show)
            .doc("The gallery, its model, and what can be filtered for", Takes::Nothing, Gives::json::<GalleryView>(200)),
        get("/api/v1/comparison.html", READER, gallery::comparison)
            .unaudited().doc("How the model compares with other methods: the report of `skiagraph compare`", Takes::Nothing, Gives::Media("text/html")),
        get("/api/v1/evaluation.html", READER, gallery::evaluation)
            .unaudited().doc("How good the model is: the report of `skiagraph eval`", Takes::Nothing, Gives::Media("text/html")),
        get("/api/v1/map", READER, gallery::map)
            .unaudited().doc("The gallery laid out in the plane, as `skiagraph gallery map` drew it: pictures by number, and what they can be coloured by", Takes::Nothing, Gives::json::<MapView>(200)),
        post("/api/v1/queries", READER, queries::upload)
            .doc("Send a picture to ask with: DICOM, PNG, JPEG or TIFF", Takes::File, Gives::json::<QueryView>(201)),
        get("/api/v1/queries/{id}", READER, queries::show)
            .doc("A picture that was sent", Takes::Nothing, Gives::json::<QueryView>(200)),
        delete("/api/v1/queries/{id}", READER, queries::remove)
            .doc("Let a picture go", Takes::Nothing, Gives::Nothing),
        post("/api/v1/queries/{id}/region", READER, queries::region)
            .doc("A part of a picture, to ask with", Takes::json::<Region>(), Gives::json::<QueryView>(201)),
        get("/api/v1/queries/{id}/preview.png", READER, queries::preview)
            .doc("A picture in 8 bits", Takes::Side, png()),
        get("/api/v1/queries/{id}/evidence/{record}/query.png", READER, |app, pair| records::evidence_of_query(app, pair, Side::Query))
            .doc("What of a picture makes it similar to one of the gallery: how much less it is without each place", Takes::Nothing, png()),
        get("/api/v1/queries/{id}/evidence/{record}/record.png", READER, |app, pair| records::evidence_of_query(app, pair, Side::Record))
            .doc("The same of the picture of the gallery", Takes::Nothing, png()),
        get("/api/v1/queries/{id}/pixels", READER, queries::pixels)
            .doc("A picture's grey values, 16 bits little endian, row by row; X-Width and X-Height say how many", Takes::Nothing, Gives::Media("application/octet-stream")),
        get("/api/v1/queries/{id}/saliency.png", READER, queries::saliency)
            .doc("Where the model looks in a picture, 0 least to 255 most", Takes::Nothing, png()),
        post("/api/v1/search", READER, search::search)
            .doc("The most similar pictures", Takes::json::<SearchBody>(), Gives::json::<SearchView>(200)),
        post("/api/v1/records/list", READER, records::list)
            .doc("Pictures of the gallery, a page at a time", Takes::json::<ListBody>(), Gives::json::<ListView>(200)),
        get("/api/v1/records/{id}", READER, records::show)
            .doc("What is known of a picture", Takes::Nothing, Gives::json::<RecordView>(200)),
        get("/api/v1/records/{id}/thumbnail.jpg", READER, records::thumbnail)
            .doc("A picture, small", Takes::Nothing, Gives::Media("image/jpeg")),
        get("/api/v1/records/{id}/saliency.png", READER, records::saliency)
            .doc("Where the model looks in a picture's thumbnail", Takes::Nothing, png()),
        get("/api/v1/records/{id}/evidence/{record}/map.png", READER, records::evidence)
            .doc("What of a picture's thumbnail makes it similar to another picture: how much less it is without each place", Takes::Nothing, png()),
        get("/api/v1/records/{id}/priors", READER, records::priors)
            .doc("Other pictures of the same patient, newest first", Takes::Nothing, Gives::json::<PriorsView>(200)),
        post("/api/v1/sets", READER, saved_searches::save)
            .doc("Save the answer to a search under a name", Takes::json::<SaveBody>(), Gives::json::<SetView>(201)),
        get("/api/v1/sets", READER, saved_searches::list)
            .doc("The saved answers: one's own, and those that are shared", Takes::Nothing, Gives::json::<SetsView>(200)),
        get("/api/v1/sets/{id}", READER, saved_searches::show)
            .doc("A saved answer, as it was", Takes::Nothing, Gives::json::<SavedView>(200)),
        delete("/api/v1/sets/{id}", READER, saved_searches::remove)
            .doc("Delete a saved answer: one's own, or as admin any", Takes::Nothing, Gives::Nothing),
        get("/api/v1/sets/{id}/preview.png", READER, |app, asker, id| saved_searches::part(app, asker, id, Part::Preview))
            .doc("The picture that was asked with, small", Takes::Nothing, png()),
        get("/api/v1/sets/{id}/report.html", READER, |app, asker, id| saved_searches::part(app, asker, id, Part::Report))
            .doc("A saved answer as a page that stands alone, to read or print", Takes::Nothing, Gives::Media("text/html")),
        get("/api/v1/sets/{id}/fhir.json", READER, |app, asker, id| saved_searches::part(app, asker, id, Part::Fhir))
            .doc("A saved answer as a FHIR R4 bundle", Takes::Nothing, Gives::Media("application/fhir+json")),
        get("/api/v1/sets/{id}/report.dcm", READER, |app, asker, id| saved_searches::part(app, asker, id, Part::Sr))
            .doc("A saved answer as a DICOM structured report of the query's study", Takes::Nothing, Gives::Media("application/dicom")),
        post("/api/v1/jobs", CONTRIBUTOR, jobs::make)
            .doc("Begin a job that puts pictures into the gallery", Takes::Nothing, Gives::json::<JobView>(201)),
        get("/api/v1/jobs", CONTRIBUTOR, jobs::list)
            .unaudited().doc("The jobs, the newest first", Takes::Nothing, Gives::json::<JobsView>(200)),
        get("/api/v1/jobs/{id}", CONTRIBUTOR, jobs::show)
            .unaudited().doc("How far a job is", Takes::Nothing, Gives::json::<JobView>(200)),
        post("/api/v1/jobs/{id}/files", CONTRIBUTOR, jobs::receive)
            .doc("Send a job a file, which is on the disk when it is answered", Takes::File, Gives::json::<FileView>(201)),
        post("/api/v1/jobs/{id}/close", CONTRIBUTOR, jobs::close)
            .doc("Say that no more files will come", Takes::Nothing, Gives::json::<JobView>(200)),
        delete("/api/v1/jobs/{id}", CONTRIBUTOR, jobs::cancel)
            .doc("Cancel a job: files that wait are let go, pictures that are in the gallery stay", Takes::Nothing, Gives::Nothing),
        get("/api/v1/session", OPEN, session::show)
            .doc("Whether one has to say who one is, how, and the caller's role", Takes::Nothing, Gives::json::<SessionView>(200)),
        post("/api/v1/session", OPEN, session::open)
            .doc("Show a key, get a cookie", Takes::json::<KeyBody>(), Gives::Nothing),
        delete("/api/v1/session", OPEN, session::close)
            .doc("End the session", Takes::Nothing, Gives::Nothing),
        get("/api/openapi.json", OPEN, document)
            .doc("This document", Takes::Nothing, Gives::Media("application/json")),
        get("/healthz", OPEN, health::alive)
            .doc("Whether the server runs", Takes::Nothing, Gives::Media("text/plain")),
        get("/readyz", OPEN, health::ready)
            .doc("Whether the gallery can be searched", Takes::Nothing, Gives::Media("text/plain")),
        get("/metrics", READER, health::metrics)
            .unaudited().doc("Counts for Prometheus", Takes::Nothing, Gives::Media("text/plain")),
        get(oidc::BEGIN_PATH, OPEN, session::sign_in),
        get(oidc::RETURN_PATH, OPEN, session::signed_in).audited(),
        get("/", OPEN, application::page),
        get(PAGES, OPEN, application::page),
    ]
}

/// The OpenAPI document of all routes.
async fn document() -> Json<Value> {
    Json(openapi::document(&table()))
}

/// Why a path is not answered by this method. Where only the pages' path fits, there is nothing.
async fn wrong_method(path: MatchedPath) -> Problem {
    if path.as_str() == PAGES { Problem::UnknownPath } else { Problem::WrongMethod }
}

/// The table as a service: each route behind its guard, all of them observed.
pub(crate) fn router(app: &App) -> Router {
    let guarded = |route: Route| {
        let guard = from_fn_with_state((Arc::clone(app), route.post()), guard);
        (route.path, route.handler.route_layer(guard))
    };
    table()
        .into_iter()
        .map(guarded)
        .fold(Router::new(), |router, (path, handler)| router.route(path, handler))
        .fallback(|| async { Problem::UnknownPath })
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), observe))
        .with_state(Arc::clone(app))
}
