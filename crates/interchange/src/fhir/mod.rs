//! The answer in FHIR R4: a transaction of a DiagnosticReport, its Observations, and the Device
//! that made them.
//!
//! JSON is made directly: of the hundreds of types of a FHIR library, three would be used.

mod observation;
mod patient;

use serde_json::{Value, json};

use crate::answer::{Answer, NAME, Software, USE};
use crate::derived::Identity;
use crate::report::OWN_UID;
use crate::source::Source;

use observation::{neighbor, whole};

/// A Bundle to post to a server. Where the query is an instance of a study, patient and study are
/// referenced by their identifiers, and so are the studies of the similar cases; nobody's resources
/// are made or changed. Each resource is made only if the server has none of its identifier, so
/// that posting twice does no harm.
#[must_use]
pub fn bundle(answer: &Answer, source: Option<&Source>) -> Value {
    let parts =
        [answer.identity(), source.map(|source| source.study.clone()).into_iter().collect()]
            .concat();
    let device =
        Identity::of("device", &[answer.software.version.clone(), answer.software.model.clone()]);
    let context = Context { answer, source, device };
    let cases = answer.neighbors.iter().enumerate().map(|(place, one)| {
        let identity =
            Identity::of("FHIR case", &[parts.clone(), vec![place.to_string()]].concat());
        (identity, neighbor(&context, identity, place, one))
    });
    let cases: Vec<(Identity, Value)> = cases.collect();
    let members: Vec<Identity> = cases.iter().map(|(identity, _)| *identity).collect();
    let summary = Identity::of("FHIR answer", &parts);
    let report = Identity::of("FHIR report", &parts);
    let results: Vec<Identity> = [summary].into_iter().chain(members.iter().copied()).collect();
    let mut entries = vec![entry(device, self::device(&answer.software, device))];
    entries.extend(cases.into_iter().map(|(identity, case)| entry(identity, case)));
    entries.push(entry(summary, whole(&context, summary, &members)));
    entries.push(entry(report, diagnostic_report(&context, report, &results)));
    json!({ "resourceType": "Bundle", "type": "transaction", "timestamp": time(answer), "entry": entries })
}

/// The common sources of all resources.
struct Context<'a> {
    answer: &'a Answer,
    source: Option<&'a Source>,
    device: Identity,
}

impl Context<'_> {
    /// Adds the patient and the query's study to a resource, where they are known.
    fn place(&self, resource: &mut Value, study_in: &str) {
        let Some(source) = self.source else { return };
        resource[study_in] = json!([imaging_study(&source.study)]);
        patient::place(resource, source);
    }
}

fn diagnostic_report(context: &Context, identity: Identity, results: &[Identity]) -> Value {
    let answer = context.answer;
    let results: Vec<Value> = results.iter().map(|one| json!({ "reference": one.urn() })).collect();
    let mut report = json!({
        "resourceType": "DiagnosticReport",
        "identifier": [identifier(identity)],
        "status": "preliminary",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD", "display": "Radiology"
        }] }],
        "code": {
            "coding": [{ "system": "http://loinc.org", "code": "18748-4", "display": "Diagnostic imaging study" }],
            "text": "Similar radiographs (not for diagnosis)"
        },
        "effectiveDateTime": time(answer),
        "issued": time(answer),
        "result": results,
        "conclusion": format!("{} {USE}", answer.summary()),
    });
    context.place(&mut report, "imagingStudy");
    report
}

/// The software as a Device.
fn device(software: &Software, identity: Identity) -> Value {
    json!({
        "resourceType": "Device",
        "identifier": [identifier(identity)],
        "status": "active",
        "manufacturer": NAME,
        "deviceName": [{ "name": NAME, "type": "manufacturer-name" }],
        "modelNumber": software.model,
        "version": [{ "value": software.version }],
        "note": [{ "text": USE }],
    })
}

fn entry(identity: Identity, resource: Value) -> Value {
    let kind = resource["resourceType"].clone();
    let condition = format!("identifier=urn:ietf:rfc:3986|{}", identity.urn());
    let request = json!({ "method": "POST", "url": kind, "ifNoneExist": condition });
    json!({ "fullUrl": identity.urn(), "resource": resource, "request": request })
}

fn identifier(identity: Identity) -> Value {
    json!({ "system": "urn:ietf:rfc:3986", "value": identity.urn() })
}

/// A study by its UID (R4, ImagingStudy, 10.4.5): the server that has it knows where.
fn imaging_study(uid: &str) -> Value {
    json!({
        "type": "ImagingStudy",
        "identifier": { "system": "urn:dicom:uid", "value": format!("urn:oid:{uid}") }
    })
}

fn time(answer: &Answer) -> String {
    answer.made.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// The name of our code system.
fn own_system() -> String {
    format!("urn:oid:{OWN_UID}")
}
