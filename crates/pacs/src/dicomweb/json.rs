//! The DICOM JSON model (PS3.18 annex F), as much of it as queries and answers need.

use dicom_core::Tag;
use serde_json::{Map, Value, json};

/// A data set: members are named by tags in hexadecimal.
pub(super) type Object = Map<String, Value>;

pub(super) fn name(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.0, tag.1)
}

/// The first value, if it is text.
pub(super) fn text(object: &Object, tag: Tag) -> Option<&str> {
    object.get(&name(tag))?.get("Value")?.get(0)?.as_str()
}

/// The first value, if it is a whole number.
pub(super) fn number(object: &Object, tag: Tag) -> Option<u64> {
    object.get(&name(tag))?.get("Value")?.get(0)?.as_u64()
}

/// The items of a sequence; none if it is not there.
pub(super) fn items(object: &Object, tag: Tag) -> impl Iterator<Item = &Object> {
    let values =
        object.get(&name(tag)).and_then(|element| element.get("Value")).and_then(Value::as_array);
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
