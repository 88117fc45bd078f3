//! Failures of libraries as failures of requests.

use connections::Unheard;
use gallery::FilterError;
use radiograph::Error as Unreadable;

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

impl From<gallery::Error> for Problem {
    fn from(error: gallery::Error) -> Self {
        match error {
            gallery::Error::NoRecord { .. } => Self::UnknownRecord,
            gallery::Error::OtherModel { .. } => Self::OtherModel,
            gallery::Error::EmptyQuery => Self::invalid(
                "neither `queries` nor `like`",
                "a query, or a picture to find the like of",
            ),
            error @ gallery::Error::DamagedRecord { .. } => Self::Damaged(error),
            error @ (gallery::Error::Unreachable { .. } | gallery::Error::NoLeader { .. }) => {
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
