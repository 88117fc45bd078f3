//! Content items of a structured report (PS3.3 C.17.3).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::codes::Code;
use crate::object::Object;

/// The relation of an item to the one above it.
#[derive(Clone, Copy)]
pub(super) enum Relation {
    Contains,
    HasContext,
    HasConceptModifier,
}

impl Relation {
    fn term(self) -> &'static str {
        match self {
            Self::Contains => "CONTAINS",
            Self::HasContext => "HAS OBS CONTEXT",
            Self::HasConceptModifier => "HAS CONCEPT MOD",
        }
    }
}

fn item(relation: Relation, value_type: &str, name: Option<&Code>) -> Object {
    let item = Object::new()
        .with(tags::RELATIONSHIP_TYPE, relation.term())
        .with(tags::VALUE_TYPE, value_type);
    match name {
        Some(name) => item.with_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name.item()]),
        None => item,
    }
}

pub(super) fn container(relation: Relation, name: &Code, content: Vec<Object>) -> Object {
    item(relation, "CONTAINER", Some(name))
        .with(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .with_items(tags::CONTENT_SEQUENCE, content)
}

/// A text that is empty says so: the value may not be.
pub(super) fn text(relation: Relation, name: &Code, text: &str) -> Object {
    let blank = text.chars().all(|c| c.is_control() || c.is_whitespace());
    item(relation, "TEXT", Some(name)).with(tags::TEXT_VALUE, if blank { "(empty)" } else { text })
}

pub(super) fn code(relation: Relation, name: &Code, value: &Code) -> Object {
    item(relation, "CODE", Some(name)).with_items(tags::CONCEPT_CODE_SEQUENCE, vec![value.item()])
}

pub(super) fn uid(relation: Relation, name: &Code, value: &str) -> Object {
    item(relation, "UIDREF", Some(name)).with(tags::UID, value)
}

/// A finite number in units; a decimal string has 16 characters at most (PS3.5 6.2).
pub(super) fn number(relation: Relation, name: &Code, value: f64, units: &Code) -> Object {
    let digits = format!("{value:.4}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let measured = Object::new()
        .with(tags::NUMERIC_VALUE, digits)
        .with_items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![units.item()]);
    item(relation, "NUM", Some(name)).with_items(tags::MEASURED_VALUE_SEQUENCE, vec![measured])
}

pub(super) fn image(name: Option<&Code>, reference: Object) -> Object {
    const REFERENCED: Tag = tags::REFERENCED_SOP_SEQUENCE;
    item(Relation::Contains, "IMAGE", name).with_items(REFERENCED, vec![reference])
}
