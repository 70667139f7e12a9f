//! Making, changing and deleting device types of one's own, as JSON.

use maud::{Markup, html};

use super::PATH;
use crate::app;
use crate::model::actor::Scope;
use crate::model::device_type::DeviceType;
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::device_type;
use crate::web::ui::{Page, Ui};

/// The field of the form that holds the JSON.
const FIELD: &str = "definition";
/// What a new type begins with.
const SKETCH: &str = r#"{
  "name": "greenhouse",
  "title": "Greenhouse",
  "description": "",
  "metrics": [
    { "name": "temperature", "title": "Temperature", "unit": "°C", "kind": "FLOAT" }
  ],
  "features": [
    {
      "code": "vent",
      "name": "Open or close the vent",
      "kind": "COMMAND",
      "payload": { "form": "choice", "choices": ["open", "close"] }
    }
  ],
  "push": [
    { "topic": "{tenant}/{type}/{id}/operation/{code}", "payload": "{payload}" }
  ]
}"#;

pub(super) async fn new(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    app::require(call.actor(), Scope::Admin)?;
    let sketch = match call.query().filled("like") {
        Some(name) => {
            let like = call.app().device_type(call.actor(), name)?;
            let one = DeviceType { name: format!("{name}-2"), custom: true, ..(*like).clone() };
            serde_json::to_string_pretty(&one).unwrap_or_default()
        }
        None => SKETCH.to_owned(),
    };
    let sent = sketch.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(ui.page(device_type::NEW).curl_json("POST", "/api/v1/device-types", &sent).body(html! {
        p.crumbs { a href=(PATH) { (ui.t(device_type::TITLE)) } }
        div.page-head {
            h1 { (ui.t(device_type::NEW)) }
            p.muted { (ui.t(device_type::NEW_HINT)) }
        }
        section.card {
            (ui.form(PATH, html! {
                (editor(&ui, &sketch))
                button.button.primary { (ui.t(device_type::CREATE)) }
            }))
        }
    }))
}

fn editor(ui: &Ui, json: &str) -> Markup {
    let control = html! {
        textarea id=(FIELD) name=(FIELD) rows="24" required spellcheck="false" class="mono" { (json) }
    };
    ui.field(FIELD, device_type::DEFINITION, &control, None)
}

/// What an administrator may do to a type of their own.
pub(super) fn forms(ui: &Ui, name: &str, json: &str) -> Markup {
    html! {
        section.card #edit {
            h2 { (ui.t(device_type::EDIT)) }
            (ui.form(&format!("{PATH}/{name}"), html! {
                (editor(ui, json))
                button.button.primary { (ui.t(device_type::SAVE)) }
            }))
        }
        section.card {
            h2 { (ui.t(device_type::DELETE_TITLE)) }
            (ui.delete_form(&format!("{PATH}/{name}/delete"), ui.t(device_type::DELETE_CONFIRM), Some(ui.t(device_type::DELETE_HINT)), device_type::DELETE, None))
        }
    }
}

pub(super) async fn create(call: Call) -> Result<Redirect, Failure> {
    let new = read(&call.ui(), call.form().required(FIELD)?)?;
    let made = call.app().create_device_type(call.actor(), new).await.map_err(placed)?;
    Ok(call.redirect(format!("{PATH}/{}", made.name)).saying(device_type::CREATED))
}

pub(super) async fn replace(call: Call) -> Result<Redirect, Failure> {
    let new = read(&call.ui(), call.form().required(FIELD)?)?;
    let name = call.param(0);
    call.app().replace_device_type(call.actor(), name, new).await.map_err(placed)?;
    Ok(call.redirect(format!("{PATH}/{name}")).saying(device_type::SAVED))
}

pub(super) async fn delete(call: Call) -> Result<Redirect, Failure> {
    let name = call.param(0);
    call.confirmed(name, device_type::DELETE_UNCONFIRMED)?;
    call.app().delete_device_type(call.actor(), name).await?;
    Ok(call.redirect(PATH).saying(device_type::DELETED))
}

/// The definition of a form; what is wrong with it is told with its place.
fn read(ui: &Ui, text: &str) -> Result<DeviceType, Failure> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        (path.trim_end_matches(['.', '?']).to_owned(), error.into_inner())
    });
    read.and_then(|read| reader.end().map(|()| read).map_err(|error| (String::new(), error))).map_err(
        |(path, error)| {
            let told = error.to_string();
            // serde_json ends its sentence with the place, which is told first here.
            let why = told.rsplit_once(" at line ").map_or(told.as_str(), |(why, _)| why);
            let (line, column) = (error.line(), error.column());
            let text = if path.is_empty() {
                ui.fill(device_type::JSON_PLACE, &[&line, &column, &why])
            } else {
                ui.fill(device_type::JSON_MEMBER, &[&line, &column, &path, &why])
            };
            Failure::bad(FIELD, text)
        },
    )
}

/// What is wrong with a member of the definition is shown at the control that holds it all.
fn placed(error: app::Error) -> Failure {
    match error {
        app::Error::Invalid { field, .. } if !field.is_empty() => Failure::bad(FIELD, format!("{field}: {error}")),
        app::Error::Invalid { .. } => Failure::bad(FIELD, error.to_string()),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderMap;

    use super::*;
    use crate::web::fields::Fields;

    #[test]
    fn the_sketch_can_be_sent_and_mistakes_are_placed() {
        let ui = Ui::of(&HeaderMap::new(), "/", &Fields::default());
        assert_eq!(read(&ui, SKETCH).unwrap().name, "greenhouse");
        let wrong = |text: &str| read(&ui, text).unwrap_err();
        let broken = wrong("{\n  \"name\": \"a\",\n  \"title\": }");
        assert_eq!(
            (broken.field.as_deref(), broken.detail.as_str()),
            (Some(FIELD), "line 3, column 12, at title: expected value")
        );
        let kind = SKETCH.replace("COMMAND", "ORDER");
        let told = wrong(&kind).detail;
        assert!(
            told.starts_with("line 12, ") && told.contains("at features[0].kind: unknown variant `ORDER`"),
            "{told}"
        );
        assert!(wrong(&format!("{SKETCH} x")).detail.contains("trailing characters"));
        let invalid = app::Error::invalid("metrics", "too long");
        assert_eq!(placed(invalid).field.as_deref(), Some(FIELD));
    }
}
