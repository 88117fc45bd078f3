//! Observations: one of each similar case, one of the answer as a whole.

use dicom::is_uid;
use serde_json::{Value, json};

use super::{Context, identifier, imaging_study, own_system, time};
use crate::answer::{Neighbor, USE};
use crate::derived::Identity;
use crate::report::{
    Code, EUCLIDEAN_DISTANCE, GALLERY_KEY, HAMMING_DISTANCE, INSTANCE_UID, LABEL, LINK, NOVEL,
    PRECISION, RELEVANCE, SERIES_UID, SIMILAR_CASE, STUDY_UID, SUMMARY,
};

/// Units of UCUM.
const UNITS: &str = "http://unitsofmeasure.org";

/// A similar case, at this place of the answer from 0.
pub(super) fn neighbor(
    context: &Context,
    identity: Identity,
    place: usize,
    neighbor: &Neighbor,
) -> Value {
    let mut observation = frame(context, identity, &SIMILAR_CASE);
    observation["valueString"] = json!(format!("Similar case {}", place + 1));
    observation["component"] = Value::Array(components(neighbor));
    if let Some(study) = neighbor.study.as_deref().filter(|study| is_uid(study)) {
        // What is observed is not the patient but another case.
        observation["focus"] = json!([imaging_study(study)]);
    }
    observation
}

/// The answer as a whole, with its cases.
pub(super) fn whole(context: &Context, identity: Identity, members: &[Identity]) -> Value {
    let answer = context.answer;
    let mut observation = frame(context, identity, &SUMMARY);
    observation["valueString"] = json!(answer.summary());
    let notes = answer.question.iter().map(|line| readable(line));
    observation["note"] =
        notes.chain([USE.to_owned()]).map(|text| json!({ "text": text })).collect();
    if !members.is_empty() {
        observation["hasMember"] =
            members.iter().map(|one| json!({ "reference": one.urn() })).collect();
    }
    let precision = answer.precision.map(|share| quantity(&PRECISION, 100.0 * share, "%", "%"));
    let novel = answer.novel.map(|novel| json!({ "code": concept(&NOVEL), "valueBoolean": novel }));
    let components: Vec<Value> = precision.into_iter().chain(novel).collect();
    if !components.is_empty() {
        observation["component"] = Value::Array(components);
    }
    observation
}

/// The elements that all observations have.
fn frame(context: &Context, identity: Identity, code: &Code) -> Value {
    let mut observation = json!({
        "resourceType": "Observation",
        "identifier": [identifier(identity)],
        "status": "preliminary",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging",
            "display": "Imaging"
        }] }],
        "code": concept(code),
        "effectiveDateTime": time(context.answer),
        "device": { "reference": context.device.urn() },
        "note": [{ "text": USE }],
    });
    context.place(&mut observation, "derivedFrom");
    observation
}

fn components(neighbor: &Neighbor) -> Vec<Value> {
    let text =
        |code: &Code, text: &str| json!({ "code": concept(code), "valueString": readable(text) });
    let mut components = vec![
        quantity(&HAMMING_DISTANCE, f64::from(neighbor.distance), "bit", "bit"),
        quantity(&EUCLIDEAN_DISTANCE, f64::from(neighbor.euclidean), "1", "1"),
    ];
    components
        .extend(neighbor.relevance.map(|share| quantity(&RELEVANCE, 100.0 * share, "%", "%")));
    components.extend(neighbor.labels.iter().map(|label| text(&LABEL, label)));
    components.extend(neighbor.link.iter().map(|link| text(&LINK, link)));
    let uids = [
        (&STUDY_UID, &neighbor.study),
        (&SERIES_UID, &neighbor.series),
        (&INSTANCE_UID, &neighbor.instance),
    ];
    let uids = uids
        .into_iter()
        .filter_map(|(code, uid)| Some((code, uid.as_ref().filter(|uid| is_uid(uid))?)));
    let before = components.len();
    components.extend(uids.map(|(code, uid)| text(code, uid)));
    if components.len() == before {
        components.push(text(&GALLERY_KEY, &neighbor.key));
    }
    components
}

/// A number in units; of the digits of a computed one, four say all there is.
fn quantity(code: &Code, value: f64, unit: &str, ucum: &str) -> Value {
    let value = (1e4 * value).round() / 1e4;
    json!({
        "code": concept(code),
        "valueQuantity": { "value": value, "unit": unit, "system": UNITS, "code": ucum }
    })
}

fn concept(code: &Code) -> Value {
    let system = match code.scheme {
        "DCM" => "http://dicom.nema.org/resources/ontology/DCM".to_owned(),
        _ => own_system(),
    };
    json!({
        "coding": [{ "system": system, "code": code.value, "display": code.meaning }],
        "text": code.meaning
    })
}

/// A FHIR string has no control characters, and is not empty (R4, 2.24.0.1).
pub(super) fn readable(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.trim() {
        "" => "(empty)".to_owned(),
        text => text.chars().take(1024).collect(),
    }
}
