//! The columns of an export. Fields of a record have the names that they have in JSON.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{Type, TypePtr};

/// A field of a record.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, required: false }
}

pub(super) const FIELDS: [Column; 17] = [
    Column { name: "key", kind: Kind::Text, required: true },
    Column { name: "name", kind: Kind::Text, required: true },
    text("patient"),
    text("study"),
    text("series"),
    text("instance"),
    text("modality"),
    text("body_part"),
    text("view"),
    text("sex"),
    Column { name: "age", kind: Kind::Number, required: false },
    text("study_date"),
    text("source"),
    text("licence"),
    Column { name: "width", kind: Kind::Number, required: true },
    Column { name: "height", kind: Kind::Number, required: true },
    text("report"),
];
pub(super) const ID: &str = "id";
pub(super) const LABELS: &str = "labels";
pub(super) const CODE: &str = "code";
pub(super) const EMBEDDING: &str = "embedding";
pub(super) const THUMBNAIL: &str = "thumbnail";

/// The id, the fields, the labels, then code, embedding and thumbnail.
pub(super) fn schema() -> Result<TypePtr> {
    let mut columns = vec![leaf(ID, Physical::INT64, Repetition::REQUIRED)?];
    for Column { name, kind, required } in FIELDS {
        let repetition = if required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        columns.push(match kind {
            Kind::Text => words(name, repetition)?,
            Kind::Number => leaf(name, Physical::INT64, repetition)?,
        });
    }
    columns.push(list(LABELS, words("element", Repetition::REQUIRED)?)?);
    columns.push(leaf(CODE, Physical::BYTE_ARRAY, Repetition::REQUIRED)?);
    columns.push(list(EMBEDDING, leaf("element", Physical::FLOAT, Repetition::REQUIRED)?)?);
    columns.push(leaf(THUMBNAIL, Physical::BYTE_ARRAY, Repetition::REQUIRED)?);
    Ok(Arc::new(Type::group_type_builder("gallery").with_fields(columns).build()?))
}

fn leaf(name: &str, physical: Physical, repetition: Repetition) -> Result<TypePtr> {
    Ok(Arc::new(Type::primitive_type_builder(name, physical).with_repetition(repetition).build()?))
}

fn words(name: &str, repetition: Repetition) -> Result<TypePtr> {
    let builder =
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY).with_repetition(repetition);
    Ok(Arc::new(builder.with_logical_type(Some(LogicalType::String)).build()?))
}

/// A list as the format's specification draws it:
/// <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists>.
fn list(name: &str, element: TypePtr) -> Result<TypePtr> {
    let repeated = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
    let repeated = Arc::new(repeated.with_fields(vec![element]).build()?);
    let group = Type::group_type_builder(name)
        .with_repetition(Repetition::REQUIRED)
        .with_fields(vec![repeated]);
    let group =
        group.with_converted_type(ConvertedType::LIST).with_logical_type(Some(LogicalType::List));
    Ok(Arc::new(group.build()?))
}
