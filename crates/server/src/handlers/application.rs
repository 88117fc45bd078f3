//! The browser application, which is part of the binary.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, File, include_dir};

use crate::error::Problem;

static APPLICATION: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../web/dist");
/// The page at which every path of the application begins.
const PAGE: &str = "index.html";

/// A file of the application. For a path without extension it is the page, which handles the path
/// itself.
pub(crate) async fn page(uri: Uri) -> Result<Response, Problem> {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    if let Some(file) = APPLICATION.get_file(path) {
        return Ok(send(file));
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_~,".contains(letter);
    let named = |part: &str| !part.is_empty() && part.chars().all(plain);
    let first = path.split('/').next().unwrap_or_default();
    let of_the_application =
        path.is_empty() || (path.split('/').all(named) && !["api", "assets"].contains(&first));
    let page = APPLICATION.get_file(PAGE).filter(|_| of_the_application);
    page.map(send).ok_or(Problem::UnknownPath)
}

fn send(file: &'static File<'static>) -> Response {
    let kind = match file.path().extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let mut response =
        ([(CONTENT_TYPE, HeaderValue::from_static(kind))], file.contents()).into_response();
    // The names of assets have a hash of their content.
    if file.path().starts_with("assets") {
        let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(CACHE_CONTROL, for_ever);
    }
    response
}
