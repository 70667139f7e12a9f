//! Holding answers against the OpenAPI document.

use serde_json::{Value, json};

/// The OpenAPI document.
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn load() -> Self {
        Self(serde_json::from_str(pym::wire::OPENAPI).unwrap())
    }

    /// Every operation: its method in upper case, its path, its description.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        self.0["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.to_ascii_uppercase(), path.as_str(), operation))
        })
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |reference| self.0.pointer(&reference[1..]).unwrap())
    }

    /// Panics unless the document allows this answer to that request.
    pub(crate) fn check(&self, method: &str, target: &str, status: u16, kind: &str, body: &Value) {
        let path = target.split('?').next().unwrap();
        let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
        let method = if method == "HEAD" { "GET" } else { method };
        // A path without parameters comes before one with, as in the table of routes.
        let mut fitting: Vec<_> =
            self.operations().filter(|(known, pattern, _)| known == method && fits(pattern, path)).collect();
        fitting.sort_by_key(|(_, pattern, _)| pattern.matches('{').count());
        let Some((_, pattern, operation)) = fitting.first() else {
            assert!([204, 404, 405].contains(&status), "{method} {path} is not documented and answers {status}");
            return;
        };
        let response = self.resolve(&operation["responses"][status.to_string()]);
        assert!(response.is_object(), "{method} {pattern} answers {status}, which is not documented: {body}");
        if method == "HEAD" || body.is_null() {
            return;
        }
        let content = &response["content"][kind.split(';').next().unwrap()];
        assert!(content.is_object(), "{method} {pattern} answers {status} with {kind}, which is not documented");
        if kind.contains("json") {
            let wrong = self.mismatch(&content["schema"], body);
            assert!(wrong.is_none(), "{method} {pattern} {status}: {}\nin {body}", wrong.unwrap());
        }
    }

    /// Checks a value against a schema of the document's components.
    pub(crate) fn check_schema(&self, name: &str, value: &Value) {
        let wrong = self.mismatch(&json!({ "$ref": format!("#/components/schemas/{name}") }), value);
        assert!(wrong.is_none(), "{name}: {}\nin {value}", wrong.unwrap());
    }

    /// Where `value` is not what `schema` describes: as much of JSON Schema as the document uses.
    fn mismatch(&self, schema: &Value, value: &Value) -> Option<String> {
        if let Some(schemas) = schema["oneOf"].as_array() {
            let fitting = schemas.iter().filter(|schema| self.mismatch(schema, value).is_none()).count();
            return (fitting != 1).then(|| format!("{value} fits {fitting} of {schemas:?}"));
        }
        let schema = self.resolve(schema);
        if schema["oneOf"].is_array() {
            return self.mismatch(schema, value);
        }
        if let Some(allowed) = schema["enum"].as_array() {
            return (!allowed.contains(value)).then(|| format!("{value} is none of {allowed:?}"));
        }
        if let Some(only) = schema.get("const") {
            return (value != only).then(|| format!("{value} is not {only}"));
        }
        let types = match &schema["type"] {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        if !types.iter().any(|name| is_of(name, value)) {
            return Some(format!("{value} is no {types:?}"));
        }
        match value {
            Value::Object(members) => self.mismatched_member(schema, members),
            Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
                let of_item = schema["prefixItems"].get(index).unwrap_or(&schema["items"]);
                self.mismatch(of_item, item)
            }),
            _ => None,
        }
    }

    fn mismatched_member(&self, schema: &Value, members: &serde_json::Map<String, Value>) -> Option<String> {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(missing) = required.iter().find(|name| !members.contains_key(name.as_str().unwrap())) {
            return Some(format!("the member {missing} is missing"));
        }
        members.iter().find_map(|(name, member)| {
            let known = schema["properties"].get(name);
            match known.or_else(|| schema.get("additionalProperties")) {
                Some(Value::Bool(false)) => Some(format!("the member {name} is not documented")),
                Some(of_member) => self.mismatch(of_member, member).map(|wrong| format!("{name}: {wrong}")),
                None => None,
            }
        })
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the document has a type {other:?}"),
    }
}
