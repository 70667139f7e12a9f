//! The form that makes or changes a geofence: a circle, or a polygon by its corners.

use std::fmt::Write as _;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::{id, notify};
use crate::app::require;
use crate::model::actor::Scope;
use crate::model::geofence::{MAX_CORNERS, MAX_RADIUS, MIN_RADIUS, NewGeofence, Notify, Point, Shape};
use crate::model::group::Group;
use crate::model::id::GeofenceId;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::fields::Fields;
use crate::web::message::geofence as words;
use crate::web::routes::{Route, route};
use crate::web::ui::Ui;

/// The radius a new circle begins with, in metres.
const RADIUS: f64 = 200.0;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/geofences/new", new),
        route(Method::POST, "/geofences/new", create),
        route(Method::GET, "/geofences/{id}/edit", edit),
        route(Method::POST, "/geofences/{id}/edit", save),
    ]
}

/// Reads corners, one a line: latitude and longitude, with a comma or white space between.
fn read_corners(text: &str) -> Result<Vec<Point>, usize> {
    let mut corners = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut numbers = line.split([',', ';', ' ', '\t']).filter(|word| !word.is_empty()).map(str::parse::<f64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(latitude)), Some(Ok(longitude)), None) => corners.push(Point { latitude, longitude }),
            _ => return Err(index + 1),
        }
        if corners.len() > MAX_CORNERS {
            break;
        }
    }
    Ok(corners)
}

fn write_corners(corners: &[Point]) -> String {
    corners.iter().fold(String::new(), |mut text, corner| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}, {}", corner.latitude, corner.longitude);
        text
    })
}

fn number(call: &Call, form: &Fields, field: &str) -> Result<f64, Failure> {
    let text = form.required(field)?;
    text.parse().map_err(|_| Failure::bad(field, call.ui().t(words::NUMBER_WRONG)))
}

fn given(call: &Call) -> Result<NewGeofence, Failure> {
    let form = call.form();
    let shape = if form.get("kind") == Some("polygon") {
        let corners = read_corners(form.get("corners").unwrap_or_default());
        let wrong = |line| Failure::bad("corners", call.ui().fill(words::CORNER_WRONG, &[&line]));
        Shape::Polygon { corners: corners.map_err(wrong)? }
    } else {
        let centre = Point { latitude: number(call, form, "latitude")?, longitude: number(call, form, "longitude")? };
        Shape::Circle { centre, radius: number(call, form, "radius")? }
    };
    Ok(NewGeofence {
        name: form.filled("name").unwrap_or_default().to_owned(),
        description: form.filled("description").unwrap_or_default().to_owned(),
        group: form.parsed("group")?,
        shape,
        notify: form.get("notify").and_then(Notify::parse).unwrap_or_default(),
    })
}

/// The field of the form for the member that the application names.
fn renamed(failure: Failure, form: &Fields) -> Failure {
    match failure.field.as_deref() {
        Some("shape") if form.get("kind") == Some("polygon") => {
            Failure { field: Some("corners".to_owned()), ..failure }
        }
        Some("shape") => Failure { field: Some("radius".to_owned()), ..failure },
        _ => failure,
    }
}

fn form(ui: &Ui, action: &str, title: &str, draft: &NewGeofence, groups: &[Group]) -> Markup {
    let polygon = matches!(draft.shape, Shape::Polygon { .. });
    let (latitude, longitude, radius, corners) = match &draft.shape {
        Shape::Circle { centre, radius } => {
            (centre.latitude.to_string(), centre.longitude.to_string(), *radius, String::new())
        }
        Shape::Polygon { corners } => (String::new(), String::new(), RADIUS, write_corners(corners)),
    };
    let new = draft.name.is_empty();
    let (latitude, longitude) = if new { (String::new(), String::new()) } else { (latitude, longitude) };
    let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
    let mut watched = vec![("", ui.t(words::EVERY_DEVICE))];
    watched.extend(ids.iter().zip(groups).map(|(id, group)| (id.as_str(), group.name.as_str())));
    let notices: Vec<_> = Notify::ALL.iter().map(|choice| (choice.name(), ui.t(notify(*choice)))).collect();
    let chosen = draft.group.map(|group| group.to_string()).unwrap_or_default();
    let degrees = |name: &str, value: &str, most: &str| {
        html! { input id=(name) name=(name) type="number" step="any" min={ "-" (most) } max=(most) value=(value) inputmode="decimal"; }
    };
    let metres = html! { input #radius name="radius" type="number" step="any" min=(MIN_RADIUS) max=(MAX_RADIUS) value=(radius); };
    let lines = html! { textarea.code #corners name="corners" rows="6" spellcheck="false" aria-describedby="corners-hint" { (corners) } };
    html! {
        div.page-head { h1 { (title) } }
        (ui.form(action, html! {
            (ui.input_required("text", "name", words::NAME, &draft.name, None))
            (ui.input("text", "description", words::DESCRIPTION, &draft.description, None))
            div.row {
                (ui.select("group", words::WATCHES, &watched, &chosen))
                (ui.select("notify", words::NOTIFY, &notices, draft.notify.name()))
            }
            fieldset.shape-choice {
                legend { (ui.t(words::SHAPE)) }
                label.tick { input type="radio" name="kind" value="circle" checked[!polygon]; span { (ui.t(words::CIRCLE)) } }
                div.of-circle {
                    div.row {
                        (ui.field("latitude", words::LATITUDE, &degrees("latitude", &latitude, "90"), None))
                        (ui.field("longitude", words::LONGITUDE, &degrees("longitude", &longitude, "180"), None))
                        (ui.field("radius", words::RADIUS, &metres, None))
                    }
                }
                label.tick { input type="radio" name="kind" value="polygon" checked[polygon]; span { (ui.t(words::POLYGON)) } }
                div.of-polygon { (ui.field("corners", words::CORNERS, &lines, Some(ui.t(words::CORNERS_HINT)))) }
            }
            @if !new { p.muted { (ui.t(words::SAVE_HINT)) } }
            button.button.primary { (ui.t(if new { words::MAKE } else { words::SAVE })) }
        }))
    }
}

async fn new(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    require(call.actor(), Scope::Policy)?;
    let groups = call.app().groups(call.actor()).await.unwrap_or_default();
    let centre = Point { latitude: 0.0, longitude: 0.0 };
    let draft = NewGeofence {
        name: String::new(),
        description: String::new(),
        group: None,
        shape: Shape::Circle { centre, radius: RADIUS },
        notify: Notify::default(),
    };
    let wanted = serde_json::json!({
        "name": "NAME",
        "shape": { "kind": "circle", "centre": { "latitude": 52.5163, "longitude": 13.3777 }, "radius": RADIUS },
    });
    let page = ui.page(words::NEW).curl_json("POST", "/api/v1/geofences", &wanted.to_string());
    Ok(page.body(form(&ui, "/geofences/new", ui.t(words::NEW), &draft, &groups)))
}

async fn edit(call: Call) -> Result<impl Reply, Failure> {
    let (ui, id) = (call.ui(), id(&call)?);
    require(call.actor(), Scope::Policy)?;
    let geofence = call.app().geofence(call.actor(), id).await?;
    let groups = call.app().groups(call.actor()).await.unwrap_or_default();
    let draft = NewGeofence {
        name: geofence.name,
        description: geofence.description,
        group: geofence.group,
        shape: geofence.shape,
        notify: geofence.notify,
    };
    let title = ui.fill(words::EDIT_TITLE, &[&draft.name]);
    let wanted = serde_json::json!(draft).to_string();
    let page = ui.page_titled(title.clone()).curl_json("PUT", &path(id), &wanted);
    Ok(page.body(form(&ui, &format!("/geofences/{id}/edit"), &title, &draft, &groups)))
}

fn path(id: GeofenceId) -> String {
    format!("/api/v1/geofences/{id}")
}

async fn create(call: Call) -> Result<impl Reply, Failure> {
    let made = call.app().create_geofence(call.actor(), given(&call)?).await;
    let made = made.map_err(|error| renamed(error.into(), call.form()))?;
    Ok(call.redirect(format!("/geofences/{}", made.id)).saying(words::MADE))
}

async fn save(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let saved = call.app().edit_geofence(call.actor(), id, given(&call)?).await;
    saved.map_err(|error| renamed(error.into(), call.form()))?;
    Ok(call.redirect(format!("/geofences/{id}")).saying(words::SAVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_read_as_people_write_them_and_a_wrong_line_is_named() {
        let corners = read_corners("52.5163, 13.3777\n\n 52.52;13.38\r\n52.51\t13.39 \n").unwrap();
        assert_eq!(corners.len(), 3);
        assert!((corners[1].longitude - 13.38).abs() < 1e-9);
        assert_eq!(read_corners(&write_corners(&corners)).unwrap(), corners);
        assert_eq!(read_corners("1,2\n\nx,3"), Err(3));
        assert_eq!(read_corners("1,2,3"), Err(1));
        assert_eq!(read_corners("1"), Err(1));
        assert_eq!(read_corners("").unwrap(), []);
        assert_eq!(read_corners(&"1 2\n".repeat(100_000)).unwrap().len(), MAX_CORNERS + 1);
        // NaN is a number to the parser, and none to the model.
        let odd = read_corners("NaN, inf").unwrap();
        assert!(!odd[0].is_real());
    }
}
