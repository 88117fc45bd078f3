//! The roles of a data set's pictures in an evaluation.

use radiograph::dataset::{Item, Split};
use retrieval::evaluation::Role;

/// The role of a row: gallery, query or neither.
pub fn role(item: &Item) -> Role {
    match item.split {
        Some(Split::Train | Split::Database) => Role::Gallery,
        Some(Split::Query) => Role::Query,
        Some(Split::Validation) | None => Role::Neither,
    }
}
