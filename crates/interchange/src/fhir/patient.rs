//! The query's patient in FHIR: by the number where there is one, else by the name alone.

use dicom_dictionary_std::tags;
use serde_json::{Map, Value, json};

use super::observation::readable;
use crate::source::Source;

/// The extension for the writing system of a name (R4, iso21090-EN-representation).
const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
/// The groups of a name: letters, ideographs, their sound (PS3.5 6.2.1.2).
const GROUPS: [&str; 3] = ["ABC", "IDE", "SYL"];
/// The id of a patient within the resource that is of them.
const CONTAINED: &str = "patient";

/// Adds the patient to a resource. One who has a number is referenced by it, and is the server's to
/// find. One who has a name alone cannot be found, and is contained in the resource (R4, 2.3.0.4).
pub(super) fn place(resource: &mut Value, source: &Source) {
    let names = human_names(source.text(tags::PATIENT_NAME));
    let number = source.text(tags::PATIENT_ID);
    if !number.is_empty() {
        resource["subject"] = by_number(source, number);
        if let Some(name) = names.first() {
            resource["subject"]["display"] = name["text"].clone();
        }
    } else if !names.is_empty() {
        let patient = json!({ "resourceType": "Patient", "id": CONTAINED, "name": names });
        resource["contained"] = json!([patient]);
        resource["subject"] = json!({ "type": "Patient", "reference": format!("#{CONTAINED}") });
    }
}

fn by_number(source: &Source, number: &str) -> Value {
    let mut subject = json!({ "type": "Patient", "identifier": { "value": number } });
    let issuer = source.text(tags::ISSUER_OF_PATIENT_ID);
    if !issuer.is_empty() {
        subject["identifier"]["assigner"] = json!({ "display": issuer });
    }
    subject
}

/// A HumanName for each group of a name (PS3.5 6.2.1), of the first where there are several names.
fn human_names(name: &str) -> Vec<Value> {
    let first = name.split('\\').next().unwrap_or_default();
    first.split('=').zip(GROUPS).filter_map(|(group, kind)| human_name(group, kind)).collect()
}

/// A group: family, given, middle, prefix, suffix. FHIR has middle names among the given ones.
fn human_name(group: &str, kind: &str) -> Option<Value> {
    let mut parts = group.split('^').map(str::trim);
    let parts: [&str; 5] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let [family, given, middle, prefix, suffix] = parts;
    if parts.iter().all(|part| part.is_empty()) {
        return None;
    }
    let mut name = Map::new();
    if !family.is_empty() {
        name.insert("family".to_owned(), json!(readable(family)));
    }
    let lists = [("given", filled(&[given, middle])), ("prefix", filled(&[prefix]))];
    for (part, values) in lists.into_iter().chain([("suffix", filled(&[suffix]))]) {
        if !values.is_empty() {
            name.insert(part.to_owned(), values.into_iter().map(readable).collect());
        }
    }
    name.insert("text".to_owned(), json!(readable(&in_order(parts, kind))));
    name.insert("extension".to_owned(), json!([{ "url": REPRESENTATION, "valueCode": kind }]));
    Some(name.into())
}

/// A name as it is said: the family last in letters, first in ideographs and their sound.
fn in_order([family, given, middle, prefix, suffix]: [&str; 5], kind: &str) -> String {
    let said = match kind {
        "ABC" => filled(&[prefix, given, middle, family]),
        _ => filled(&[prefix, family, given, middle]),
    };
    filled(&[&said.join(" "), suffix]).join(", ")
}

fn filled<'a>(parts: &[&'a str]) -> Vec<&'a str> {
    parts.iter().copied().filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name without its extensions.
    fn plain(name: &str) -> Value {
        let mut names = human_names(name);
        for name in &mut names {
            name.as_object_mut().map(|name| name.remove("extension"));
        }
        names.into()
    }

    /// The examples of PS3.5 6.2.1.1.
    #[test]
    fn components_are_parts_of_a_name() {
        let reverend = json!([{
            "family": "Adams", "given": ["John Robert Quincy"], "prefix": ["Rev."],
            "suffix": ["B.A. M.Div."], "text": "Rev. John Robert Quincy Adams, B.A. M.Div.",
        }]);
        assert_eq!(plain("Adams^John Robert Quincy^^Rev.^B.A. M.Div."), reverend);
        let doctor = json!([{
            "family": "Morrison-Jones", "given": ["Susan", "Anne"], "suffix": ["Ph.D."],
            "text": "Susan Anne Morrison-Jones, Ph.D.",
        }]);
        assert_eq!(plain("Morrison-Jones^Susan^Anne^^Ph.D."), doctor);
        assert_eq!(plain("Smith"), json!([{ "family": "Smith", "text": "Smith" }]));
        assert_eq!(plain("^John "), json!([{ "given": ["John"], "text": "John" }]));
        assert_eq!(plain("A\\B"), json!([{ "family": "A", "text": "A" }]));
        for nobody in ["", "^^^^", "==", " ^ = "] {
            assert_eq!(plain(nobody), json!([]), "{nobody}");
        }
    }

    #[test]
    fn groups_are_names_that_say_how_they_are_written() {
        let names = human_names("Yamada^Tarou=山田^太郎=やまだ^たろう=more");
        let kinds: Vec<_> = names.iter().map(|name| &name["extension"][0]["valueCode"]).collect();
        assert_eq!(kinds, ["ABC", "IDE", "SYL"]);
        let texts: Vec<_> = names.iter().map(|name| &name["text"]).collect();
        assert_eq!(texts, ["Tarou Yamada", "山田 太郎", "やまだ たろう"]);
        assert_eq!(human_names("=山田")[0]["extension"][0]["valueCode"], "IDE");
    }
}
