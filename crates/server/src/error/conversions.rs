//! Failures of libraries as failures of requests.

use connections::Unheard;
use radiograph::Error as Unreadable;
use retrieval::gallery::FilterError;

use super::Problem;

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::MemoryBusy { .. } => Self::Busy,
            error => Self::Picture(error),
        }
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<retrieval::Error> for Problem {
    fn from(error: retrieval::Error) -> Self {
        match error {
            retrieval::Error::NoRecord { .. } => Self::UnknownRecord,
            retrieval::Error::OtherModel { .. } => Self::OtherModel,
            retrieval::Error::EmptyQuery => Self::invalid(
                "neither `queries` nor `like`",
                "a query, or a picture to find the like of",
            ),
            error @ retrieval::Error::DamagedRecord { .. } => Self::Damaged(error),
            error @ (retrieval::Error::Unreachable { .. } | retrieval::Error::NoLeader { .. }) => {
                Self::Unreachable(error.into())
            }
            error => Self::Internal(error.into()),
        }
    }
}

impl From<&Unheard> for Problem {
    fn from(unheard: &Unheard) -> Self {
        // Without a status nobody reads the answer.
        let reason = unheard.reason();
        unheard.status().map_or(Self::Busy, |status| Self::Head { status, reason })
    }
}
