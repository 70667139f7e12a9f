//! `/reference`: the API, drawn from the OpenAPI document that it serves; one page a resource.

mod operation;
mod schema;

use maud::html;
use serde_json::Value;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::reference;
use super::routes::{Route, route};
use super::ui::Page;
use crate::wire::OPENAPI;
use operation::Operation;

const PATH: &str = "/reference";
/// The page of the types.
const TYPES: &str = "types";

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, PATH, index), route(Method::GET, "/reference/{resource}", resource)]
}

/// The document, read from what is served.
struct Document(Value);

impl Document {
    fn read() -> Self {
        // A test reads it too, so that it cannot fail here.
        Self(serde_json::from_str(OPENAPI).unwrap_or_default())
    }

    /// What a reference leads to, or the value itself.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value.get("$ref").and_then(Value::as_str);
        reference.and_then(|reference| self.0.pointer(reference.trim_start_matches('#'))).unwrap_or(value)
    }

    /// Names and descriptions of the resources, in the document's order.
    fn resources(&self) -> Vec<(&str, &str)> {
        items(&self.0, "tags").iter().map(|tag| (text(tag, "name"), text(tag, "description"))).collect()
    }

    /// Every operation, in the order of the paths.
    fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0.get("paths").and_then(Value::as_object).into_iter().flatten();
        paths
            .flat_map(|(path, item)| {
                let methods = item.as_object().into_iter().flatten();
                methods.map(|(method, value)| Operation { method, path, value })
            })
            .collect()
    }
}

/// A member that is text; empty where there is none.
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A member that is a list; empty where there is none.
fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A resource's name in addresses.
fn slug(name: &str) -> String {
    name.replace(' ', "-")
}

async fn index(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let document = Document::read();
    let operations = document.operations();
    Ok(ui.page(reference::TITLE).curl("GET", "/api/v1/openapi.json").body(html! {
        div.page-head {
            h1 { (ui.t(reference::TITLE)) }
            div.buttons {
                a.button href="/api/v1/openapi.json" download="pym-openapi.json" { (ui.t(reference::DOCUMENT)) }
                a.button href="/reference/types" { (ui.t(reference::TYPES)) }
            }
            p.muted { (ui.t(reference::INTRO)) }
        }
        (ui.filter("operations", reference::FILTER))
        div #operations {
            @for (name, description) in document.resources() {
                section.card data-group {
                    h2 { a href={ (PATH) "/" (slug(name)) } { (name) } }
                    p.muted { (description) }
                    ul.calls {
                        @for one in operations.iter().filter(|one| one.resource() == name) {
                            li data-found {
                                a href={ (PATH) "/" (slug(name)) "#" (one.id()) } { (one.head()) }
                                span.muted { (one.summary()) }
                            }
                        }
                    }
                }
            }
        }
    }))
}

async fn resource(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let document = Document::read();
    let asked = call.param(0);
    if asked == TYPES {
        return Ok(ui.page(reference::TYPES).curl("GET", "/api/v1/openapi.json").body(html! {
            p.crumbs { a href=(PATH) { (ui.t(reference::TITLE)) } }
            div.page-head {
                h1 { (ui.t(reference::TYPES)) }
                p.muted { (ui.t(reference::TYPES_INTRO)) }
            }
            (ui.filter("types", reference::FILTER))
            div #types { (schema::all(&ui, &document)) }
        }));
    }
    let resources = document.resources();
    let found = resources.iter().find(|(name, _)| slug(name) == asked);
    let Some((name, description)) = found else { return Err(Failure::missing("resource", asked)) };
    let operations: Vec<_> = document.operations().into_iter().filter(|one| one.resource() == *name).collect();
    let title = format!("{}: {name}", ui.t(reference::TITLE));
    Ok(ui.page_titled(title).body(html! {
        p.crumbs { a href=(PATH) { (ui.t(reference::TITLE)) } }
        div.page-head {
            h1 { (name) }
            p.muted { (description) }
        }
        ul.calls {
            @for one in &operations {
                li { a href={ "#" (one.id()) } { (one.head()) } span.muted { (one.summary()) } }
            }
        }
        @for one in &operations { (one.section(&ui, &document)) }
        nav.facets aria-label=(ui.t(reference::RESOURCES)) {
            @for (other, _) in &resources {
                a href={ (PATH) "/" (slug(other)) } aria-current=[(other == name).then_some("page")] { (other) }
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_stands_on_a_page_of_its_resource() {
        let document = Document::read();
        let resources = document.resources();
        let operations = document.operations();
        assert!(operations.len() > 100);
        for one in &operations {
            assert!(resources.iter().any(|(name, _)| *name == one.resource()), "{}", one.id());
        }
        assert!(resources.iter().all(|(name, _)| slug(name) != TYPES));
    }
}
