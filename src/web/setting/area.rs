//! The settings of one area: the platform, or a device type.

use maud::{Markup, html};

use super::PATH;
use crate::model::actor::Scope;
use crate::model::setting::{ANDROID_EULA, AreaSettings, GENERAL, NOTIFIER_FREQUENCY, NOTIFIER_TYPE, SITE_NAME};
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::fields::Fields;
use crate::web::message::setting;
use crate::web::ui::{Page, Ui};

/// The device type whose owners agree to a licence.
const ANDROID: &str = "android";

pub(super) async fn show(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let area = call.param(0).to_owned();
    let settings = call.app().area_settings(call.actor(), &area).await?;
    let name = if area == GENERAL {
        ui.t(setting::GENERAL).to_owned()
    } else {
        call.app().device_type(call.actor(), &area)?.title.clone()
    };
    let title = ui.fill(setting::AREA_TITLE, &[&name]);
    let address = format!("/api/v1/settings/{area}");
    let body = serde_json::json!({ "settings": settings.0 }).to_string();
    Ok(ui.page_titled(&title).curl("GET", &address).curl_json("PUT", &address, &body).body(html! {
        p.crumbs { a href=(PATH) { (ui.t(setting::TITLE)) } }
        div.page-head { h1 { (title) } }
        section.card { (form(&ui, &area, &settings)) }
    }))
}

fn form(ui: &Ui, area: &str, settings: &AreaSettings) -> Markup {
    let given = |name| settings.value(name).unwrap_or_default();
    let (label, hint) = if area == GENERAL {
        (setting::FREQUENCY_GENERAL, setting::FREQUENCY_GENERAL_HINT)
    } else {
        (setting::FREQUENCY_TYPE, setting::FREQUENCY_HINT)
    };
    let ways = [
        ("", ui.t(setting::NOTIFIER_DEFAULT)),
        ("1", ui.t(setting::NOTIFIER_LOCAL)),
        ("2", ui.t(setting::NOTIFIER_PUSH)),
    ];
    let licence = html! {
        textarea id=(ANDROID_EULA) name=(ANDROID_EULA) rows="8" { (given(ANDROID_EULA)) }
    };
    html! {
        (ui.form(&format!("{PATH}/{area}"), html! {
            @if area == GENERAL { (ui.input("text", SITE_NAME, setting::SITE_NAME, given(SITE_NAME), None)) }
            (ui.input("number", NOTIFIER_FREQUENCY, label, given(NOTIFIER_FREQUENCY), Some(ui.t(hint))))
            @if area != GENERAL { (ui.select(NOTIFIER_TYPE, setting::NOTIFIER, &ways, given(NOTIFIER_TYPE))) }
            @if area == ANDROID { (ui.field(ANDROID_EULA, setting::EULA, &licence, None)) }
            fieldset {
                legend { (ui.t(setting::OTHERS)) }
                p.hint { (ui.t(setting::OTHERS_HINT)) }
                @for (index, one) in settings.0.iter().filter(|one| !known(area).contains(&one.name.as_str())).enumerate() {
                    (pair(ui, Some(index), &one.name, &one.value))
                }
                (pair(ui, None, "", ""))
            }
            @if ui.may(Scope::Admin) { button.button.primary { (ui.t(setting::SAVE)) } }
        }))
    }
}

/// A name and its value, to be changed; without an index, to be added.
fn pair(ui: &Ui, index: Option<usize>, name: &str, value: &str) -> Markup {
    let (name_label, value_label) = match index {
        Some(_) => (setting::NAME, setting::VALUE),
        None => (setting::NEW_NAME, setting::NEW_VALUE),
    };
    let id = index.map_or_else(|| "new".to_owned(), |index| index.to_string());
    let (name_id, value_id) = (format!("name-{id}"), format!("value-{id}"));
    let one = html! { input id=(name_id) name=(name_id) type="text" maxlength="64" value=(name); };
    let other = html! { textarea id=(value_id) name=(value_id) rows="1" { (value) } };
    let was = index.map(|index| format!("was-{index}"));
    html! {
        div.pair {
            @if let Some(was) = was { input type="hidden" name=(was) value=(name); }
            (ui.field(&name_id, name_label, &one, None))
            (ui.field(&value_id, value_label, &other, None))
        }
    }
}

/// The settings of an area that have a control of their own.
fn known(area: &str) -> &'static [&'static str] {
    match area {
        GENERAL => &[SITE_NAME, NOTIFIER_FREQUENCY],
        ANDROID => &[NOTIFIER_FREQUENCY, NOTIFIER_TYPE, ANDROID_EULA],
        _ => &[NOTIFIER_FREQUENCY, NOTIFIER_TYPE],
    }
}

pub(super) async fn save(call: Call) -> Result<Redirect, Failure> {
    let area = call.param(0).to_owned();
    call.app().set_settings(call.actor(), &area, settings_of(call.form(), &area)).await?;
    Ok(call.redirect(format!("{PATH}/{area}")).saying(setting::SAVED))
}

/// The settings that a form says, and those it takes away: a control that is empty, and a name that was there and is
/// another or none now.
fn settings_of(form: &Fields, area: &str) -> Vec<(String, Option<String>)> {
    let controls = known(area).iter().filter_map(|name| {
        let value = form.get(name)?;
        Some((*name, Some(value).filter(|value| !value.trim().is_empty())))
    });
    let gone = form.iter().filter(|(field, _)| field.starts_with("was-")).map(|(_, name)| (name, None));
    let pairs = form.iter().filter_map(|(field, name)| {
        let value = form.get(&format!("value-{}", field.strip_prefix("name-")?))?;
        Some((name.trim(), Some(value))).filter(|(name, _)| !name.is_empty())
    });
    let pairs: Vec<_> = pairs.collect();
    let gone = gone.filter(|(was, _)| !pairs.iter().any(|(name, _)| name == was));
    let all = controls.chain(gone).chain(pairs.iter().copied());
    // Browsers write the ends of lines in two bytes.
    all.map(|(name, value)| (name.to_owned(), value.map(|value| value.replace("\r\n", "\n")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_it_sets_and_what_it_takes_away() {
        let form = Fields::parse(
            b"notifierFrequency=5000&notifierType=&was-0=kept&name-0=kept&value-0=a%0D%0Ab&was-1=old&name-1=+&value-1=x&name-new=new&value-new=1&name-7=lost",
        )
        .unwrap();
        let said = settings_of(&form, "raspberrypi");
        let said: Vec<_> = said.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let wanted = [
            ("notifierFrequency", Some("5000")),
            ("notifierType", None),
            ("old", None),
            ("kept", Some("a\nb")),
            ("new", Some("1")),
        ];
        assert_eq!(said, wanted);
        // A licence is Android's alone.
        let form = Fields::parse(b"androidEula=x").unwrap();
        assert!(settings_of(&form, "raspberrypi").is_empty());
        assert_eq!(settings_of(&form, "android"), [("androidEula".to_owned(), Some("x".to_owned()))]);
    }
}
