//! The shapes of requests and answers (JSON Schema), in words and tables.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::{Document, PATH, TYPES, items, text};
use crate::web::message::reference;
use crate::web::ui::Ui;

/// How deep a sample goes; a shape that holds itself ends there.
const MAX_DEPTH: usize = 4;

/// What a shape is called, in a few words: a link where it has a name of its own.
pub(super) fn name(ui: &Ui, shape: &Value) -> Markup {
    if let Some(reference) = shape.get("$ref").and_then(Value::as_str) {
        let named = reference.rsplit('/').next().unwrap_or_default();
        return html! { a href={ (PATH) "/" (TYPES) "#" (named) } { (named) } };
    }
    let words = items(shape, "enum");
    if !words.is_empty() {
        return html! { @for (index, word) in words.iter().enumerate() { @if index > 0 { " | " } code { (plain(word)) } } };
    }
    if let Some(word) = shape.get("const") {
        return html! { code { (plain(word)) } };
    }
    let several = items(shape, "oneOf");
    if !several.is_empty() {
        return html! { @for (index, one) in several.iter().enumerate() { @if index > 0 { " | " } (name(ui, one)) } };
    }
    match shape.get("type") {
        Some(Value::Array(types)) => {
            let types: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
            html! { (types.join(" | ")) (bounds(ui, shape)) }
        }
        Some(Value::String(kind)) if kind == "array" => {
            let element = shape.get("items").map(|element| name(ui, element).into_string()).unwrap_or_default();
            html! { (maud::PreEscaped(ui.fill(reference::LIST_OF, &[&element]))) (bounds(ui, shape)) }
        }
        Some(Value::String(kind)) if kind == "object" => {
            let Some(element @ Value::Object(_)) = shape.get("additionalProperties") else { return html! { "object" } };
            html! { (maud::PreEscaped(ui.fill(reference::MAP_OF, &[&name(ui, element).into_string()]))) }
        }
        Some(Value::String(kind)) => html! {
            (kind)
            @let format = text(shape, "format");
            @if !format.is_empty() { " (" (format) ")" }
            (bounds(ui, shape))
        },
        _ => html! { "JSON" },
    }
}

/// A word without the quotes of JSON.
fn plain(word: &Value) -> String {
    word.as_str().map_or_else(|| word.to_string(), str::to_owned)
}

/// The least and the most of a shape, and what it is where nobody says.
fn bounds(ui: &Ui, shape: &Value) -> Markup {
    let pairs = [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")];
    html! {
        @for (least, most) in pairs {
            @match (shape.get(least), shape.get(most)) {
                (Some(least), Some(most)) => { ", " (least) "–" (most) },
                (Some(least), None) => { ", ≥ " (least) },
                (None, Some(most)) => { ", ≤ " (most) },
                (None, None) => {},
            }
        }
        @if let Some(default) = shape.get("default") { ", " (ui.fill(reference::DEFAULT, &[&plain(default)])) }
    }
}

/// The members of an object, each with its type and meaning; nothing for what is no object.
pub(super) fn members(ui: &Ui, document: &Document, shape: &Value) -> Markup {
    let several = items(shape, "oneOf");
    if !several.is_empty() {
        return html! { @for one in several { (members(ui, document, document.resolve(one))) } };
    }
    let Some(properties) = shape.get("properties").and_then(Value::as_object) else { return html! {} };
    let required: Vec<&str> = items(shape, "required").iter().filter_map(Value::as_str).collect();
    if properties.is_empty() {
        return html! { p.muted { (ui.t(reference::NO_MEMBERS)) } };
    }
    html! {
        (ui.scroll(ui.t(reference::BODY), html! {
            table.list {
                thead {
                    tr {
                        th scope="col" { (ui.t(reference::NAME)) }
                        th scope="col" { (ui.t(reference::TYPE)) }
                        th scope="col" { (ui.t(reference::MEANING)) }
                    }
                }
                tbody {
                    @for (member, shape) in properties {
                        tr {
                            td {
                                code { (member) }
                                @if required.contains(&member.as_str()) { " " span.tag { (ui.t(reference::REQUIRED)) } }
                            }
                            td { (name(ui, shape)) }
                            td.wide { (text(shape, "description")) (inner(ui, document, shape)) }
                        }
                    }
                }
            }
        }))
    }
}

/// The members of an object that has no name of its own.
fn inner(ui: &Ui, document: &Document, shape: &Value) -> Markup {
    let element = shape.get("items").unwrap_or(shape);
    html! { @if element.get("$ref").is_none() { (members(ui, document, element)) } }
}

/// Every shape with a name, each under its anchor.
pub(super) fn all(ui: &Ui, document: &Document) -> Markup {
    let shapes = document.0.pointer("/components/schemas").and_then(Value::as_object);
    html! {
        @for (named, shape) in shapes.into_iter().flatten() {
            section.card #(named) data-found {
                h2 { a href={ "#" (named) } { (named) } }
                @let description = text(shape, "description");
                @if !description.is_empty() { p.muted { (description) } }
                @if shape.get("properties").is_none() { p { (name(ui, shape)) } }
                (members(ui, document, shape))
            }
        }
    }
}

/// A value of a shape with what is required alone; `…` stands for a text.
pub(super) fn sample(document: &Document, shape: &Value) -> Value {
    sample_at(document, shape, 0)
}

fn sample_at(document: &Document, shape: &Value, depth: usize) -> Value {
    let shape = document.resolve(shape);
    let first = |member| items(shape, member).first();
    if let Some(given) = shape.get("const").or_else(|| shape.get("default")).or_else(|| first("enum")) {
        return given.clone();
    }
    if depth >= MAX_DEPTH {
        return json!({});
    }
    if let Some(one) = first("oneOf") {
        return sample_at(document, one, depth + 1);
    }
    let kind = match shape.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
        _ => text(shape, "type"),
    };
    match kind {
        "object" => {
            let properties = shape.get("properties");
            let required = items(shape, "required").iter().filter_map(Value::as_str);
            let members = required.filter_map(|member| {
                Some((member.to_owned(), sample_at(document, properties?.get(member)?, depth + 1)))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        "array" => match shape.get("items") {
            Some(element) => json!([sample_at(document, element, depth + 1)]),
            None => json!([]),
        },
        "integer" | "number" => shape.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "string" => json!("…"),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderMap;

    use super::*;
    use crate::web::fields::Fields;

    #[test]
    fn every_shape_has_words_and_a_sample() {
        let ui = Ui::of(&HeaderMap::new(), "/", &Fields::default());
        let document = Document::read();
        let shapes = document.0.pointer("/components/schemas").unwrap().as_object().unwrap();
        for (named, shape) in shapes {
            assert!(!name(&ui, shape).into_string().is_empty(), "{named}");
            assert!(sample(&document, shape).to_string().len() < 2000, "{named}");
        }
        let page = all(&ui, &document).into_string();
        assert!(page.contains("id=\"NewDevice\"") && page.contains("href=\"/reference/types#Ownership\""));
    }

    #[test]
    fn bounds_and_lists_are_told() {
        let ui = Ui::of(&HeaderMap::new(), "/", &Fields::default());
        let told = |shape: Value| name(&ui, &shape).into_string();
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 });
        assert_eq!(told(limit), "integer, 1–100, default 20");
        assert_eq!(told(json!({ "type": ["number", "null"] })), "number | null");
        assert_eq!(told(json!({ "type": "array", "items": { "type": "string" } })), "list of string");
        assert_eq!(told(json!({ "enum": ["a<b"] })), "<code>a&lt;b</code>");
    }
}
