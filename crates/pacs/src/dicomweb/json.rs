//! The part of the DICOM JSON model (PS3.18 annex F) that queries and answers need.

use dicom_core::Tag;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A data set: members are named by tags in hexadecimal.
pub(super) type Object = Map<String, Value>;

/// A page of answers: a list, or a single answer.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Page {
    /// A list, or `null` where there are no answers.
    Several(Option<Vec<Object>>),
    One(Object),
}

impl Page {
    pub(super) fn objects(self) -> Vec<Object> {
        match self {
            Self::Several(objects) => objects.unwrap_or_default(),
            Self::One(object) => vec![object],
        }
    }
}

pub(super) fn name(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.0, tag.1)
}

/// The first value, if it is text.
pub(super) fn text(object: &Object, tag: Tag) -> Option<&str> {
    value(object, tag)?.get(0)?.as_str()
}

/// The first value, if it is a whole number.
pub(super) fn number(object: &Object, tag: Tag) -> Option<u64> {
    value(object, tag)?.get(0)?.as_u64()
}

/// The value of an element. The standard's tags have capital letters; some servers write small
/// ones.
fn value(object: &Object, tag: Tag) -> Option<&Value> {
    let name = name(tag);
    let element = object.get(&name).or_else(|| object.get(&name.to_ascii_lowercase()))?;
    element.get("Value")
}

/// The items of a sequence; none if it is not there.
pub(super) fn items(object: &Object, tag: Tag) -> impl Iterator<Item = &Object> {
    let values = value(object, tag).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_object)
}

/// An object from tags, value representations and values; those without value are empty.
pub(super) fn object(
    elements: impl IntoIterator<Item = (Tag, &'static str, Vec<Value>)>,
) -> Object {
    let element = |(tag, vr, values): (Tag, &str, Vec<Value>)| {
        let element = if values.is_empty() {
            json!({ "vr": vr })
        } else {
            json!({ "vr": vr, "Value": values })
        };
        (name(tag), element)
    };
    elements.into_iter().map(element).collect()
}
