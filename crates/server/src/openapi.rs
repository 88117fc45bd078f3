//! The OpenAPI document. It is made from the table of routes and their types, so that it is always
//! up to date.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::error::MEDIA_TYPE;
use super::guard::Access;
use super::route::{Doc, Gives, Route, Takes};
use super::views::ErrorBody;

impl Takes {
    fn add(&self, operation: &mut Value, schemas: &mut SchemaGenerator) {
        let (kind, schema) = match self {
            Self::Nothing => return,
            Self::Side => {
                let schema =
                    json!({ "type": "integer", "minimum": 16, "maximum": 4096, "default": 1024 });
                let side =
                    json!({ "name": "side", "in": "query", "required": false, "schema": schema });
                return parameters(operation).push(side);
            }
            Self::File => ("application/octet-stream", json!({})),
            Self::Json(of) => ("application/json", of(schemas).to_value()),
        };
        operation["requestBody"] =
            json!({ "required": true, "content": { kind: { "schema": schema } } });
    }
}

impl Gives {
    fn add(&self, responses: &mut Value, schemas: &mut SchemaGenerator) {
        let (status, content) = match self {
            Self::Nothing => (204, None),
            Self::Media(kind) => (200, Some((*kind, json!({})))),
            Self::Json(status, of) => (*status, Some(("application/json", of(schemas).to_value()))),
        };
        let mut response = json!({ "description": "It succeeded." });
        if let Some((kind, schema)) = content {
            response["content"] = json!({ kind: { "schema": schema } });
        }
        responses[status.to_string()] = response;
    }
}

/// The document.
pub(crate) fn document(routes: &[Route]) -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
    };
    let mut taken = settings().for_deserialize().into_generator();
    let mut given = settings().for_serialize().into_generator();
    let mut paths = Map::new();
    for route in routes {
        if let Some(doc) = &route.doc {
            let operation = operation(route, doc, &mut taken, &mut given);
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            path[route.method.as_str().to_ascii_lowercase()] = operation;
        }
    }
    let mut schemas = taken.take_definitions(true);
    schemas.extend(given.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Skiagraph", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": super::guard::COOKIE_NAME },
            },
        },
    })
}

const DESCRIPTION: &str = "Similar radiographs of a gallery. A request that changes something and is authorised by a \
     session's cookie needs the header `X-Requested-With: skiagraph`. For research and development; not for diagnosis.";

fn operation(
    route: &Route,
    doc: &Doc,
    taken: &mut SchemaGenerator,
    given: &mut SchemaGenerator,
) -> Value {
    let failure = given.subschema_for::<ErrorBody>().to_value();
    let content = json!({ MEDIA_TYPE: { "schema": failure } });
    let mut operation = json!({
        "summary": doc.summary,
        "responses": { "default": { "description": "It failed.", "content": content } },
    });
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        // Pictures of the gallery have numbers, queries have random text.
        let schema = match route.path.starts_with("/api/v1/records/") {
            true => json!({ "type": "integer", "minimum": 0 }),
            false => json!({ "type": "string" }),
        };
        parameters(&mut operation)
            .push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    if let Access::Role(role) = route.access {
        operation["security"] = json!([{ "key": [] }, { "session": [] }, {}]);
        operation["x-role"] = json!(role);
    }
    doc.takes.add(&mut operation, taken);
    doc.gives.add(&mut operation["responses"], given);
    operation
}

fn parameters(operation: &mut Value) -> &mut Vec<Value> {
    if !operation["parameters"].is_array() {
        operation["parameters"] = json!([]);
    }
    match &mut operation["parameters"] {
        Value::Array(parameters) => parameters,
        _ => unreachable!("it is an array now"),
    }
}
