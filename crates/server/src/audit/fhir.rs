//! Entries as FHIR R4 AuditEvents, for a repository of them.

use serde_json::{Value, json};

use super::Entry;

/// The code systems of AuditEvent.
const TYPES: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const ENTITIES: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
/// The systems of identifiers of pictures and saved answers, which are numbers of this gallery and
/// server alone.
const RECORD: &str = "urn:skiagraph:record";
const QUERY: &str = "urn:skiagraph:query";
const SET: &str = "urn:skiagraph:set";

/// The AuditEvent of an entry.
pub fn audit_event(entry: &Entry) -> Value {
    let (kind, name) = match entry.status {
        Some(_) => {
            (json!({ "system": TYPES, "code": "rest", "display": "RESTful Operation" }), "request")
        }
        None => (json!({ "system": TYPES, "code": "object", "display": "Object" }), "log"),
    };
    let mut event = json!({
        "resourceType": "AuditEvent",
        "type": kind,
        "subtype": [{ "system": "urn:skiagraph:action", "code": entry.action }],
        "action": action(&entry.action),
        "recorded": entry.time,
        "outcome": outcome(entry.status),
        "agent": [agent(entry)],
        "source": { "observer": { "display": "Skiagraph" }, "site": name },
    });
    let records = entry.records.iter().map(|id| entity(RECORD, &id.to_string()));
    let others = entry.queries.iter().map(|id| entity(QUERY, id));
    let entities: Vec<Value> =
        records.chain(others).chain(entry.set.iter().map(|id| entity(SET, id))).collect();
    if !entities.is_empty() {
        event["entity"] = entities.into();
    }
    event
}

/// The action code of a method: C, R, D or E. A search is an execution.
fn action(action: &str) -> &'static str {
    match action.split_once(' ') {
        Some(("GET" | "HEAD", _)) => "R",
        Some(("DELETE", _)) => "D",
        Some(("POST", "/api/v1/queries" | "/api/v1/queries/{id}/region")) => "C",
        _ => "E",
    }
}

/// The outcome code: 0 for success, 4 for a fault of the client, 8 for a fault of the server.
fn outcome(status: Option<u16>) -> &'static str {
    match status {
        Some(500..) => "8",
        Some(400..) => "4",
        _ => "0",
    }
}

fn agent(entry: &Entry) -> Value {
    let who = entry.who.as_deref().unwrap_or(if entry.status.is_some() {
        "unknown"
    } else {
        "skiagraph"
    });
    let mut agent = json!({ "requestor": entry.status.is_some(), "altId": who });
    if let Some(role) = &entry.role {
        agent["role"] = json!([{ "text": role }]);
    }
    if let Some(from) = &entry.from {
        agent["network"] = json!({ "address": from, "type": "2" });
    }
    agent
}

fn entity(system: &str, value: &str) -> Value {
    json!({
        "what": { "identifier": { "system": system, "value": value } },
        "type": { "system": ENTITIES, "code": "2", "display": "System Object" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_what_r4_requires_of_it() {
        let entry = Entry {
            who: Some("k1".to_owned()),
            role: Some("reader".to_owned()),
            from: Some("127.0.0.1".to_owned()),
            status: Some(200),
            records: vec![7],
            queries: vec!["q".to_owned()],
            ..Entry::now("POST /api/v1/search")
        };
        let event = audit_event(&entry);
        for required in ["type", "recorded", "agent", "source"] {
            assert!(!event[required].is_null(), "{required}");
        }
        assert_eq!((&event["action"], &event["outcome"]), (&"E".into(), &"0".into()));
        assert_eq!(event["agent"][0]["requestor"], true);
        assert_eq!(
            event["entity"][0]["what"]["identifier"],
            json!({ "system": RECORD, "value": "7" })
        );
        assert_eq!(event["entity"][1]["what"]["identifier"]["value"], "q");
        let refused = Entry { status: Some(401), ..Entry::now("GET /api/v1/records/{id}") };
        assert_eq!(audit_event(&refused)["outcome"], "4");
        assert_eq!(audit_event(&refused)["action"], "R");
        let own = audit_event(&Entry::now("log begins"));
        assert_eq!((&own["agent"][0]["requestor"], &own["entity"]), (&false.into(), &Value::Null));
    }
}
