//! Answers of a server, and its own OpenAPI document, with which each is compared.
#![allow(dead_code, reason = "each test file uses its own part")]

use serde_json::Value;
use ureq::http::HeaderMap;

/// A server's answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The failure's code; the status must be this one.
    pub(crate) fn failure(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        let error = &problem["error"];
        assert!(error["message"].as_str().unwrap().len() > 20, "{error}");
        assert_eq!((&problem["detail"], &problem["status"]), (&error["message"], &status.into()));
        assert!(!problem["title"].as_str().unwrap().is_empty(), "{problem}");
        error["code"].as_str().unwrap().to_owned()
    }
}

/// The OpenAPI document of a server.
#[derive(Default)]
pub(crate) struct Document(pub(crate) Value);

impl Document {
    /// The document's operations: method, path, and the required role; `None` for those open to
    /// anybody.
    pub(crate) fn operations(&self) -> Vec<(String, String, Option<String>)> {
        let paths = self.0["paths"].as_object().unwrap();
        let of_path = |(path, operations): (&String, &Value)| {
            let operations = operations.as_object().unwrap().clone().into_iter();
            let path = path.clone();
            operations.map(move |(method, operation)| {
                let role = operation["x-role"].as_str().map(str::to_owned);
                assert_eq!(role.is_none(), operation["security"].is_null(), "{path}");
                (method.to_uppercase(), path.clone(), role)
            })
        };
        paths.iter().flat_map(of_path).collect()
    }

    /// Checks an answer against the document, and the headers that every answer has.
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Answer) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'self';"),
            "{path}"
        );
        assert!(
            path.starts_with("/assets/") || answer.header("cache-control") == "no-store",
            "{path}"
        );
        let path = path.split('?').next().unwrap();
        let Some(operation) = self.operation(method, path) else { return };
        let responses = &operation["responses"];
        let response = match &responses[answer.status.to_string()] {
            Value::Null => &responses["default"],
            response => response,
        };
        assert!(
            answer.status >= 400 || response != &responses["default"],
            "{method} {path}: {}",
            answer.status
        );
        let Some(content) = response["content"].as_object() else {
            return assert!(answer.bytes.is_empty(), "{path}");
        };
        let kind = answer.header("content-type").split(';').next().unwrap();
        let schema =
            &content.get(kind).unwrap_or_else(|| panic!("{method} {path} gives {kind}"))["schema"];
        if kind == "application/json" || kind == "application/problem+json" {
            self.fits(&answer.json(), schema, path);
        }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let alike = |template: &str| {
            template.split('/').count() == path.split('/').count()
                && template
                    .split('/')
                    .zip(path.split('/'))
                    .all(|(a, b)| a.starts_with('{') || a == b)
        };
        let paths = self.0["paths"].as_object()?;
        // A literal path takes precedence over one with a placeholder.
        let (_, found) = paths
            .iter()
            .filter(|(template, _)| alike(template))
            .min_by_key(|(t, _)| t.contains('{'))?;
        found.get(method.to_lowercase())
    }

    /// Checks that a value matches the schema, and has no property that the schema lacks.
    fn fits(&self, value: &Value, schema: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            return self.fits(value, self.0.pointer(&name[1..]).unwrap(), at);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let null = |schema: &&Value| schema["type"] == "null";
            if value.is_null() && any.iter().any(|schema| null(&schema)) {
                return;
            }
            return self.fits(value, any.iter().find(|schema| !null(schema)).unwrap(), at);
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let kinds =
            schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let fits =
            kinds.iter().any(|wanted| wanted == kind || (wanted == "number" && kind == "integer"));
        assert!(fits || schema["type"].is_null(), "{at} is {kind}, not {kinds:?}");
        for (name, inside) in value.as_object().into_iter().flatten() {
            let known = &schema["properties"][name];
            assert!(!known.is_null() || schema["properties"].is_null(), "{at} has {name}");
            self.fits(inside, known, &format!("{at}.{name}"));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{at} has no {name}");
        }
        for inside in value.as_array().into_iter().flatten() {
            self.fits(inside, &schema["items"], &format!("{at}[]"));
        }
    }
}
