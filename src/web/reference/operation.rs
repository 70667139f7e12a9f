//! One operation of the API: what it takes, what it needs, what it answers, and how it is called.

use maud::{Markup, html};
use serde_json::Value;

use super::{Document, items, schema, text};
use crate::web::message::reference;
use crate::web::ui::{Ui, curl};

/// A method on a path, as the document describes it.
pub(super) struct Operation<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
}

impl Operation<'_> {
    /// Its name, which is its anchor.
    pub(super) fn id(&self) -> &str {
        text(self.value, "operationId")
    }

    pub(super) fn summary(&self) -> &str {
        text(self.value, "summary")
    }

    pub(super) fn resource(&self) -> &str {
        items(self.value, "tags").first().and_then(Value::as_str).unwrap_or_default()
    }

    /// The method and the path.
    pub(super) fn head(&self) -> Markup {
        html! {
            span.method data-method=(self.method) { (self.method.to_ascii_uppercase()) }
            " " code { (self.path) }
        }
    }

    pub(super) fn section(&self, ui: &Ui, document: &Document) -> Markup {
        html! {
            section.card.call #(self.id()) {
                h2 { a href={ "#" (self.id()) } { (self.head()) } }
                p { (self.summary()) "." }
                @let more = text(self.value, "description");
                @if !more.is_empty() { p.muted { (more) } }
                p { (ui.t(reference::NEEDS)) ": " (self.needs(ui)) }
                (self.parameters(ui, document))
                (self.body(ui, document))
                (self.answers(ui, document))
                h3 { (ui.t(reference::CURL)) }
                pre tabindex="0" data-copy { code { (self.command(ui.host(), document)) } }
            }
        }
    }

    /// The scopes of the first way to show who calls.
    fn needs(&self, ui: &Ui) -> Markup {
        let ways = items(self.value, "security");
        let Some(first) = ways.first() else { return html! { (ui.t(reference::EVERYONE)) } };
        if ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty)) {
            return html! { (ui.t(reference::EVERYONE)) };
        }
        let scopes = items(first, "bearer");
        html! {
            @if scopes.is_empty() { (ui.t(reference::ANYONE_KNOWN)) }
            @for (index, scope) in scopes.iter().filter_map(Value::as_str).enumerate() {
                @if index > 0 { ", " }
                code { (scope) }
            }
        }
    }

    fn parameters(&self, ui: &Ui, document: &Document) -> Markup {
        let parameters: Vec<&Value> =
            items(self.value, "parameters").iter().map(|parameter| document.resolve(parameter)).collect();
        html! {
            @if !parameters.is_empty() {
                h3 { (ui.t(reference::PARAMETERS)) }
                (ui.scroll(ui.t(reference::PARAMETERS), html! {
                    table.list {
                        thead {
                            tr {
                                th scope="col" { (ui.t(reference::NAME)) }
                                th scope="col" { (ui.t(reference::PLACE)) }
                                th scope="col" { (ui.t(reference::TYPE)) }
                                th scope="col" { (ui.t(reference::MEANING)) }
                            }
                        }
                        tbody {
                            @for parameter in parameters {
                                tr {
                                    td {
                                        code { (text(parameter, "name")) }
                                        @if parameter.get("required") == Some(&Value::Bool(true)) {
                                            " " span.tag { (ui.t(reference::REQUIRED)) }
                                        }
                                    }
                                    td { (text(parameter, "in")) }
                                    td { @if let Some(shape) = parameter.get("schema") { (schema::name(ui, shape)) } }
                                    td.wide { (text(parameter, "description")) }
                                }
                            }
                        }
                    }
                }))
            }
        }
    }

    /// The media type of the body, and its schema where it has one.
    fn content(&self) -> Option<(&str, Option<&Value>)> {
        let content = self.value.get("requestBody")?.get("content")?.as_object()?;
        content.iter().next().map(|(kind, media)| (kind.as_str(), media.get("schema")))
    }

    fn body(&self, ui: &Ui, document: &Document) -> Markup {
        html! {
            @if let Some((kind, shape)) = self.content() {
                h3 { (ui.t(reference::BODY)) " " code { (kind) } }
                @if let Some(shape) = shape {
                    p { (schema::name(ui, shape)) }
                    (schema::members(ui, document, document.resolve(shape)))
                }
            }
        }
    }

    fn answers(&self, ui: &Ui, document: &Document) -> Markup {
        let answers = self.value.get("responses").and_then(Value::as_object);
        html! {
            h3 { (ui.t(reference::ANSWERS)) }
            (ui.scroll(ui.t(reference::ANSWERS), html! {
                table.list {
                    thead {
                        tr {
                            th scope="col" { (ui.t(reference::STATUS)) }
                            th scope="col" { (ui.t(reference::MEANING)) }
                            th scope="col" { (ui.t(reference::TYPE)) }
                        }
                    }
                    tbody {
                        @for (status, answer) in answers.into_iter().flatten() {
                            @let answer = document.resolve(answer);
                            tr {
                                td.num { (status) }
                                td.wide { (text(answer, "description")) }
                                td {
                                    @for (kind, media) in answer.get("content").and_then(Value::as_object).into_iter().flatten() {
                                        @if let Some(shape) = media.get("schema") { (schema::name(ui, shape)) } @else { code { (kind) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }

    fn command(&self, host: &str, document: &Document) -> String {
        let method = self.method.to_ascii_uppercase();
        match self.content() {
            Some(("application/json", Some(shape))) => {
                curl(host, &method, self.path, Some(&schema::sample(document, shape).to_string()))
            }
            Some((kind, _)) => {
                let line = curl(host, &method, self.path, None);
                format!("{line} -H 'Content-Type: {kind}' --data-binary @FILE")
            }
            None => curl(host, &method, self.path, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_with_a_body_that_holds_what_is_required() {
        let document = Document::read();
        let operations = document.operations();
        let enroll = operations.iter().find(|one| one.method == "post" && one.path == "/api/v1/devices").unwrap();
        let line = enroll.command("pi:9443", &document);
        assert!(line.contains("-X POST") && line.contains(r#"{"type":"…"}"#), "{line}");
        let upload = operations.iter().find(|one| one.content().is_some_and(|(kind, _)| kind != "application/json"));
        assert!(upload.unwrap().command("pi", &document).ends_with("--data-binary @FILE"));
    }
}
