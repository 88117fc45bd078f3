//! The failures of requests. Only this file knows their status codes, what the client is told, and
//! what only the log is told.

mod conversions;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use gallery::FilterError;
use radiograph::Error as Unreadable;

use crate::keys::Role;
use crate::views::{ErrorBody, ErrorView};

/// The media type of a failure (RFC 9457).
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which a busy server may be asked again.
const RETRY_SECONDS: &str = "2";

/// A request's failure.
#[derive(Debug)]
pub(crate) enum Problem {
    UnknownPath,
    WrongMethod,
    UnknownQuery,
    UnknownRecord,
    UnknownJob,
    /// A job that another caller made.
    NotOwner,
    /// The map was not drawn.
    NoMap,
    /// Another server processes the folder's jobs.
    JobsElsewhere,
    /// An unknown set, or one of another caller.
    UnknownSet,
    /// Neither a key nor a session was sent.
    KeyWanted,
    WrongKey,
    RoleTooLow {
        wanted: Role,
    },
    /// Another site's page sent the request.
    OtherSite,
    /// The host is not a name of this machine, on a server without keys. It is a page of another
    /// site whose name resolves to this machine.
    OtherHost,
    Picture(Unreadable),
    TooLarge {
        limit: usize,
    },
    NotJson,
    Syntax {
        reason: String,
    },
    Invalid {
        got: String,
        expected: String,
    },
    Filter(FilterError),
    /// The body did not arrive in time.
    Slow,
    /// The head of a request that was not understood.
    Head {
        status: StatusCode,
        reason: &'static str,
    },
    Busy,
    /// The gallery has another model now.
    OtherModel,
    /// The gallery's database is unreachable, and the cache has too little or is too old.
    Unreachable(anyhow::Error),
    /// A record of the gallery whose bytes have changed since they were stored.
    Damaged(gallery::Error),
    /// The audit log cannot be written, so no data is shown.
    NoAudit(anyhow::Error),
    /// A fault of the server.
    Internal(anyhow::Error),
}

/// A message for the log alone, among a response's extensions.
#[derive(Clone)]
pub(crate) struct Inside(pub(crate) String);

impl Problem {
    /// The failure of a value that is not allowed.
    pub(crate) fn invalid(got: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Invalid { got: got.into(), expected: expected.into() }
    }

    /// Converts it to the failure of a command.
    pub(crate) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Internal(error) | Self::NoAudit(error) | Self::Unreachable(error) => error,
            problem => anyhow::Error::msg(problem.message()),
        }
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::UnknownPath => (StatusCode::NOT_FOUND, "unknown_path"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "wrong_method"),
            Self::UnknownQuery => (StatusCode::NOT_FOUND, "unknown_query"),
            Self::UnknownRecord => (StatusCode::NOT_FOUND, "unknown_record"),
            Self::UnknownJob => (StatusCode::NOT_FOUND, "unknown_job"),
            Self::NotOwner => (StatusCode::FORBIDDEN, "not_owner"),
            Self::NoMap => (StatusCode::NOT_FOUND, "no_map"),
            Self::JobsElsewhere => (StatusCode::CONFLICT, "jobs_elsewhere"),
            Self::UnknownSet => (StatusCode::NOT_FOUND, "unknown_set"),
            Self::KeyWanted => (StatusCode::UNAUTHORIZED, "key_wanted"),
            Self::WrongKey => (StatusCode::UNAUTHORIZED, "wrong_key"),
            Self::RoleTooLow { .. } => (StatusCode::FORBIDDEN, "role_too_low"),
            Self::OtherSite => (StatusCode::FORBIDDEN, "other_site"),
            Self::OtherHost => (StatusCode::FORBIDDEN, "other_host"),
            Self::Picture(
                Unreadable::TooManyBytes { .. }
                | Unreadable::TooManyPixels { .. }
                | Unreadable::Sides { .. }
                | Unreadable::TooMuchMemory { .. },
            )
            | Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Picture(
                Unreadable::Empty
                | Unreadable::UnknownFormat { .. }
                | Unreadable::TransferSyntax { .. },
            ) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_file"),
            Self::Picture(_) => (StatusCode::UNPROCESSABLE_ENTITY, "broken_file"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
            Self::Syntax { .. } => (StatusCode::BAD_REQUEST, "bad_json"),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Filter(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_filter"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            Self::Head { status: StatusCode::REQUEST_TIMEOUT, .. } => {
                (StatusCode::REQUEST_TIMEOUT, "too_slow")
            }
            Self::Head { status, .. } => (*status, "bad_head"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::OtherModel => (StatusCode::SERVICE_UNAVAILABLE, "other_model"),
            Self::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "no_database"),
            Self::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged_record"),
            Self::NoAudit(_) => (StatusCode::SERVICE_UNAVAILABLE, "no_audit"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    fn message(&self) -> String {
        let fixed = match self {
            Self::UnknownPath => "nothing is at this path; /api/openapi.json lists what there is",
            Self::WrongMethod => "not this method at this path; /api/openapi.json lists which",
            Self::UnknownQuery => {
                "no such query: it expired, made room for others, or never was; send the file again"
            }
            Self::UnknownRecord => "the gallery has no such picture; it may have been deleted",
            Self::UnknownJob => "no such job; it may be long over",
            Self::NotOwner => "this job is somebody else's; expected who made it, or an admin",
            Self::NoMap => "no map was drawn of this gallery; `skiagraph gallery map` draws it",
            Self::JobsElsewhere => {
                "another server puts pictures into this gallery: send them there, or start this \
                 one with --jobs FOLDER"
            }
            Self::UnknownSet => {
                "no such set, or no such part of it, that you may see; it may have been deleted"
            }
            Self::KeyWanted => "no key; expected `Authorization: Bearer KEY`, or a session",
            Self::WrongKey => {
                "this key is not known; expected one that `skiagraph api-key new` printed"
            }
            Self::RoleTooLow { wanted } => {
                return format!("your role does not allow this; expected {wanted} or more");
            }
            Self::OtherSite => {
                "a request that changes something, from another site or without \
                 `X-Requested-With: skiagraph`"
            }
            Self::OtherHost => {
                "without keys the server answers to this machine's own names alone, such as \
                 localhost"
            }
            Self::Picture(error) => return error.to_string(),
            Self::TooLarge { limit } => {
                return format!("a body of more than {limit} bytes; expected at most that many");
            }
            Self::NotJson => {
                "a body that is not said to be JSON; expected `Content-Type: application/json`"
            }
            Self::Syntax { reason } => return format!("the body is not JSON: {reason}"),
            Self::Invalid { got, expected } => return format!("got {got}; expected {expected}"),
            Self::Filter(error) => return error.to_string(),
            Self::Head { reason, .. } => reason,
            Self::Slow => "the body did not come in time; send it again over a faster connection",
            Self::Busy => "the server has enough to do; ask again in a moment",
            Self::OtherModel => {
                "the gallery was re-indexed to another model; start the server again with that one"
            }
            Self::Unreachable(_) => {
                "the gallery's database does not answer; ask again in a moment, and tell IT if it \
                 goes on"
            }
            Self::Damaged(error) => {
                return format!("{error}; `skiagraph gallery verify` names all that is damaged");
            }
            Self::NoAudit(_) => {
                "the audit log cannot be written, and without it nothing is shown; tell IT"
            }
            Self::Internal(_) => "the server failed; its log says why",
        };
        fixed.to_owned()
    }

    /// The answer's body.
    fn body(&self) -> ErrorBody {
        let ((status, code), (position, expected)) = (self.status_and_code(), self.place());
        let detail = self.message();
        let error =
            ErrorView { code: code.to_owned(), message: detail.clone(), position, expected };
        let title = status.canonical_reason().unwrap_or_default();
        ErrorBody { kind: "about:blank", title, status: status.as_u16(), detail, error }
    }

    /// The place where a filter cannot be read, and what should be there.
    fn place(&self) -> (Option<usize>, Option<String>) {
        match self {
            Self::Filter(error) => (Some(error.offset()), Some(error.expected().to_owned())),
            _ => (None, None),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, _) = self.status_and_code();
        let kind = [(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (status, kind, body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::Internal(error) | Self::NoAudit(error) | Self::Unreachable(error) = self {
            response.extensions_mut().insert(Inside(format!("{error:#}")));
        }
        response
    }
}
