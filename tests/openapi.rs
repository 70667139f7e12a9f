//! The OpenAPI document against the table of routes that requests are dispatched by, and against itself.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeSet;

use pym::api::routes;
use pym::wire::OPENAPI;
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Every operation of the document: method, path, description.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |path, methods: &'_ Value| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, _)| (method, path)).collect::<Vec<_>>()
    };
    let listed = paths.iter().flat_map(|(path, item)| methods(path.as_str(), item));
    listed.map(|(method, path)| (method.to_ascii_uppercase(), path, &document["paths"][path][&method])).collect()
}

#[test]
fn every_route_is_documented_and_every_documented_operation_is_a_route() {
    let document = document();
    let documented: BTreeSet<String> =
        operations(&document).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let table = routes::table();
    let served: BTreeSet<String> = table.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(table.iter().count(), served.len(), "a route stands twice in the table");
    let undocumented: Vec<_> = served.difference(&documented).collect();
    let unserved: Vec<_> = documented.difference(&served).collect();
    assert!(undocumented.is_empty() && unserved.is_empty(), "undocumented {undocumented:?}, unserved {unserved:?}");
}

#[test]
fn what_is_public_is_documented_so() {
    let document = document();
    let table = routes::table();
    for (method, path, operation) in operations(&document) {
        let route = table.iter().find(|route| *route.path == *path && route.method.as_str() == method).unwrap();
        let open = operation["security"].as_array().unwrap().is_empty();
        assert_eq!(open, route.public, "{method} {path}");
    }
}

#[test]
fn the_document_is_whole() {
    let document = document();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} is used twice");
        assert!(!operation["summary"].as_str().unwrap().is_empty());
        let tag = &operation["tags"][0];
        assert!(document["tags"].as_array().unwrap().iter().any(|known| known["name"] == *tag), "tag {tag}");
        assert!(operation["responses"]["500"].is_object(), "{method} {path} never fails");
        let empty = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty).iter().map(|parameter| {
            parameter["$ref"].as_str().map_or(parameter, |reference| document.pointer(&reference[1..]).unwrap())
        });
        let declared: Vec<String> = parameters
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
            .collect();
        let in_path: Vec<&str> = path.split('/').filter(|segment| segment.starts_with('{')).collect();
        assert_eq!(declared, in_path, "{method} {path}");
    }
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for reference in &used {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
    for (section, items) in document["components"].as_object().unwrap() {
        for name in items.as_object().unwrap().keys() {
            let reference = format!("#/components/{section}/{name}");
            let told = ["Snapshot", "Delta"].contains(&name.as_str());
            assert!(section == "securitySchemes" || told || used.contains(&reference), "{reference} is of no use");
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
