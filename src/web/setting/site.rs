//! The site's own side: areas of settings, addresses, what the configuration decided, the disk, backups.

use std::time::Duration;

use maud::{Markup, html};
use warp::reply::Response;

use super::PATH;
use crate::app::Settings;
use crate::app::audit::MAX_AUDIT;
use crate::model::actor::Scope;
use crate::model::device::MAX_STATUS_CHANGES;
use crate::model::host::{Balena, Storage};
use crate::model::location::MAX_LOCATIONS;
use crate::model::notification::MAX_NOTIFICATIONS;
use crate::model::operation::MAX_RESPONSES;
use crate::model::policy::{Evaluation, MAX_VERSIONS};
use crate::model::setting::{AreaSettings, GENERAL};
use crate::net::download;
use crate::web::call::Call;
use crate::web::certificate::spaced;
use crate::web::failure::Failure;
use crate::web::message::{Message, setting};
use crate::web::ui::text::{bytes, percent, span};
use crate::web::ui::{Page, Ui};

/// The name of a downloaded backup.
const BACKUP_NAME: &str = "pym.db";

pub(super) async fn show(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let app = call.app();
    let storage = app.storage(call.actor()).await?;
    let mut areas = vec![(GENERAL.to_owned(), ui.t(setting::GENERAL).to_owned())];
    areas.extend(app.device_types(call.actor())?.iter().map(|one| (one.name.clone(), one.title.clone())));
    let mut set = Vec::with_capacity(areas.len());
    for (area, title) in areas {
        let settings = app.area_settings(call.actor(), &area).await?;
        set.push((area, title, settings));
    }
    let balena = app.host(call.actor())?.balena.clone();
    Ok(ui.page(setting::TITLE).curl("GET", "/api/v1/settings/general").curl("GET", "/api/v1/host/storage").body(
        html! {
            div.page-head {
                h1 { (ui.t(setting::TITLE)) }
                p.muted { (ui.t(setting::INTRO)) }
            }
            div.columns {
                div {
                    (areas_card(&ui, &set))
                    (addresses(&call, &ui))
                    (retention(&ui))
                }
                div {
                    (storage_card(&ui, &storage))
                    @if let Some(balena) = &balena { (balena_card(&ui, balena)) }
                    @if ui.may(Scope::Admin) { (backup_card(&ui)) }
                    (restore(&ui, app.settings()))
                }
            }
            (configuration(&ui, app.settings()))
        },
    ))
}

fn areas_card(ui: &Ui, areas: &[(String, String, AreaSettings)]) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(setting::AREAS)) }
            (ui.scroll(ui.t(setting::AREAS), html! {
                table.list {
                    thead { tr { th scope="col" { (ui.t(setting::AREA)) } th scope="col" { (ui.t(setting::SET)) } } }
                    tbody {
                        @for (area, title, settings) in areas {
                            tr {
                                td { a href={ (PATH) "/" (area) } { (title) } }
                                td {
                                    @if settings.0.is_empty() {
                                        span.muted { (ui.t(setting::DEFAULTS)) }
                                    } @else {
                                        @for (index, one) in settings.0.iter().enumerate() {
                                            @if index > 0 { ", " }
                                            span.mono { (one.name) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn addresses(call: &Call, ui: &Ui) -> Markup {
    let standing = call.app().standing();
    let ends = &standing.endpoints;
    let listeners = [
        ("HTTPS", &ends.https, "listen.https"),
        ("HTTP", &ends.http, "listen.http"),
        ("MQTT", &ends.mqtt, "listen.mqtt"),
        ("MQTT/TLS", &ends.mqtts, "listen.mqtts"),
    ];
    html! {
        section.card {
            h2 { (ui.t(setting::ADDRESSES)) }
            dl.facts {
                @for (name, addresses, key) in listeners {
                    dt { (name) " " code.key { (key) } }
                    dd {
                        @if addresses.is_empty() { span.muted { (ui.t(setting::OFF)) } }
                        @for (index, address) in addresses.iter().enumerate() {
                            @if index > 0 { br; }
                            span.mono { (address) }
                        }
                    }
                }
                dt { (ui.t(setting::PUBLIC_HOST)) " " code.key { "public_host" } }
                dd {
                    @match &call.app().settings().public_host {
                        Some(host) => span.mono { (host) },
                        None => span.muted { (ui.t(setting::PUBLIC_HOST_NONE)) },
                    }
                }
                @if let Some(at) = standing.certificate_expires_at {
                    dt { (ui.t(setting::SERVER_CERTIFICATE)) }
                    dd { (ui.time(at)) " " span.muted { (ui.t(setting::RENEWED)) } }
                }
                dt { (ui.t(setting::CA_FINGERPRINT)) }
                dd.mono { (spaced(&standing.ca_fingerprint)) }
            }
            p { a href="/certificates#authority" { (ui.t(setting::CERTIFICATES)) } }
        }
    }
}

fn configuration(ui: &Ui, settings: &Settings) -> Markup {
    let seconds = |duration: Duration| span(duration.as_secs());
    let evaluation = match settings.policy.evaluation {
        Evaluation::First => "first",
        Evaluation::Merge => "merge",
    };
    let rows: [(&str, Message, String); 7] = [
        ("silence.unreachable_after", setting::UNREACHABLE, seconds(settings.unreachable_after)),
        ("silence.inactive_after", setting::INACTIVE, seconds(settings.inactive_after)),
        ("auth.access_token_ttl", setting::TOKEN_TTL, seconds(settings.access_token_ttl)),
        ("policy.evaluation", setting::EVALUATION, evaluation.to_owned()),
        ("policy.monitor_interval", setting::MONITOR, seconds(settings.policy.monitor_interval)),
        ("policy.max_retries", setting::RETRIES, settings.policy.max_retries.to_string()),
        ("data_dir", setting::DATA_DIR, settings.data_dir.display().to_string()),
    ];
    html! {
        section.card {
            h2 { (ui.t(setting::CONFIGURATION)) }
            p.muted { (ui.t(setting::CONFIGURATION_HINT)) }
            (ui.scroll(ui.t(setting::CONFIGURATION), html! {
                table.list {
                    thead {
                        tr {
                            th scope="col" { (ui.t(setting::MEANING)) }
                            th scope="col" { (ui.t(setting::VALUE)) }
                            th scope="col" { (ui.t(setting::KEY)) }
                        }
                    }
                    tbody {
                        @for (key, meaning, value) in rows {
                            tr { td.wide { (ui.t(meaning)) } td { (value) } td { code.key { (key) } } }
                        }
                    }
                }
            }))
        }
    }
}

fn retention(ui: &Ui) -> Markup {
    let rows: [(Message, String); 6] = [
        (setting::LINES_OF_AUDIT, MAX_AUDIT.to_string()),
        (setting::NOTIFICATIONS, MAX_NOTIFICATIONS.to_string()),
        (setting::STATUS_CHANGES, MAX_STATUS_CHANGES.to_string()),
        (setting::LOCATIONS, MAX_LOCATIONS.to_string()),
        (setting::RESPONSES, MAX_RESPONSES.to_string()),
        (setting::VERSIONS, MAX_VERSIONS.to_string()),
    ];
    html! {
        section.card {
            h2 { (ui.t(setting::RETENTION)) }
            p.muted { (ui.t(setting::RETENTION_HINT)) }
            dl.facts { @for (what, most) in rows { dt { (ui.t(what)) } dd.num { (grouped(&most)) } } }
        }
    }
}

/// A number's digits in threes.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn storage_card(ui: &Ui, storage: &Storage) -> Markup {
    let Storage { database, packages, disk } = *storage;
    let other = disk.used.saturating_sub(database).saturating_sub(packages);
    let free = disk.total.saturating_sub(disk.used);
    let words = ui.fill(setting::OF_DISK, &[&bytes(disk.used), &bytes(disk.total)]);
    html! {
        section.card #storage data-live="host" {
            h2 { (ui.t(setting::STORAGE)) }
            @if disk.total == 0 {
                p.muted { (ui.t(setting::NOT_MEASURED)) }
            } @else {
                (ui.meter(ui.t(setting::STORAGE), percent(disk.used, disk.total)))
                p { (words) " (" (percent(disk.used, disk.total)) " %)" }
            }
            dl.facts {
                dt { (ui.t(setting::DATABASE)) } dd.num { (bytes(database)) }
                dt { (ui.t(setting::PACKAGES)) } dd.num { (bytes(packages)) }
                @if disk.total > 0 {
                    dt { (ui.t(setting::OTHER)) } dd.num { (bytes(other)) }
                    dt { (ui.t(setting::FREE)) } dd.num { (bytes(free)) }
                }
            }
        }
    }
}

fn balena_card(ui: &Ui, balena: &Balena) -> Markup {
    let rows = [
        (setting::FLEET, &balena.fleet),
        (setting::BALENA_DEVICE, &balena.name),
        (setting::UUID, &balena.uuid),
        (setting::BALENA_TYPE, &balena.device_type),
        (setting::SERVICE, &balena.service),
        (setting::HOST_OS, &balena.os),
        (setting::SUPERVISOR, &balena.supervisor),
    ];
    html! {
        section.card {
            h2 { (ui.t(setting::BALENA)) }
            dl.facts {
                @for (name, value) in rows { @if !value.is_empty() { dt { (ui.t(name)) } dd.mono { (value) } } }
            }
        }
    }
}

fn backup_card(ui: &Ui) -> Markup {
    html! {
        section.card #backup {
            h2 { (ui.t(setting::BACKUP)) }
            p { (ui.t(setting::BACKUP_HINT)) }
            // The answer is a file, so the browser sends the form itself.
            form.form method="post" action="/settings/backup" {
                (ui.token_field())
                label.tick {
                    input type="checkbox" name="confirm" value=(BACKUP_NAME) required;
                    span { (ui.t(setting::BACKUP_CONFIRM)) }
                }
                button.button { (ui.t(setting::BACKUP_BUTTON)) }
            }
        }
    }
}

fn restore(ui: &Ui, settings: &Settings) -> Markup {
    let place = ui.fill(setting::RESTORE_2, &[&settings.data_dir.display()]);
    html! {
        section.card {
            h2 { (ui.t(setting::RESTORE)) }
            ol {
                li { (ui.t(setting::RESTORE_1)) }
                li { (place) }
                li { (ui.t(setting::RESTORE_3)) }
                li { (ui.t(setting::RESTORE_4)) }
                li { (ui.t(setting::RESTORE_5)) }
            }
        }
    }
}

pub(super) async fn backup(call: Call) -> Result<Response, Failure> {
    if call.form().get("confirm") != Some(BACKUP_NAME) {
        return Err(Failure::bad("confirm", call.ui().t(setting::BACKUP_UNCONFIRMED)));
    }
    let path = call.app().backup(call.actor()).await?;
    let sent = download::attachment(path, BACKUP_NAME).await;
    sent.map_err(|source| {
        let what = "open the copy of the database".to_owned();
        crate::app::Error::Failed { what, source: source.into() }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        assert_eq!(grouped("1000000"), "1\u{202f}000\u{202f}000");
        assert_eq!([grouped("20"), grouped("999"), grouped("1000")], ["20", "999", "1\u{202f}000"]);
    }
}
