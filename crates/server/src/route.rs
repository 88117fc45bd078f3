//! A route: its method and path, its access, its handler, and its documentation.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};

use super::guard::{Access, Post};
use super::state::App;

/// A row of the table.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// The documentation; `None` for the application's pages.
    pub(crate) doc: Option<Doc>,
    /// True if the audit log records its requests.
    audited: bool,
    pub(crate) handler: MethodRouter<App>,
}

/// The documentation of a route.
pub(crate) struct Doc {
    pub(crate) summary: &'static str,
    pub(crate) takes: Takes,
    pub(crate) gives: Gives,
}

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A request's content.
pub(crate) enum Takes {
    Nothing,
    /// The size of a picture, in the address.
    Side,
    /// A picture's file.
    File,
    Json(SchemaOf),
}

/// The content and status of a successful answer.
pub(crate) enum Gives {
    Nothing,
    Media(&'static str),
    Json(u16, SchemaOf),
}

impl Takes {
    pub(crate) fn json<T: JsonSchema>() -> Self {
        Self::Json(SchemaGenerator::subschema_for::<T>)
    }
}

impl Gives {
    pub(crate) fn json<T: JsonSchema>(status: u16) -> Self {
        Self::Json(status, SchemaGenerator::subschema_for::<T>)
    }
}

pub(crate) fn get<T: 'static>(
    path: &'static str,
    access: Access,
    handler: impl Handler<T, App>,
) -> Route {
    Route::new(Method::GET, path, access, on(MethodFilter::GET, handler))
}

pub(crate) fn post<T: 'static>(
    path: &'static str,
    access: Access,
    handler: impl Handler<T, App>,
) -> Route {
    Route::new(Method::POST, path, access, on(MethodFilter::POST, handler))
}

pub(crate) fn delete<T: 'static>(
    path: &'static str,
    access: Access,
    handler: impl Handler<T, App>,
) -> Route {
    Route::new(Method::DELETE, path, access, on(MethodFilter::DELETE, handler))
}

impl Route {
    /// Makes a route. Routes open to anybody show nothing of a patient and are not audited, except
    /// those that sign in or out.
    fn new(method: Method, path: &'static str, access: Access, handler: MethodRouter<App>) -> Self {
        let audited = access != Access::Open || method != Method::GET;
        Self { method, path, access, doc: None, audited, handler }
    }

    pub(crate) fn unaudited(self) -> Self {
        Self { audited: false, ..self }
    }

    pub(crate) fn audited(self) -> Self {
        Self { audited: true, ..self }
    }

    pub(crate) fn post(&self) -> Post {
        let audited_as = self.audited.then(|| format!("{} {}", self.method, self.path).into());
        Post { access: self.access, audited_as }
    }

    pub(crate) fn doc(self, summary: &'static str, takes: Takes, gives: Gives) -> Self {
        Self { doc: Some(Doc { summary, takes, gives }), ..self }
    }
}
