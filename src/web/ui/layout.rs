//! What every page has around it: the head, the navigation, the bar above and the command lines below.

use maud::{DOCTYPE, Markup, html};
use warp::http::StatusCode;

use super::icon::{self, icon};
use super::{Page, Theme, Ui};
use crate::model::actor::Scope;
use crate::web::asset::{APP_CSS, APP_JS, ICON_SVG};
use crate::web::failure::Failure;
use crate::web::live::STALE_AFTER;
use crate::web::message::{Language, Message, general};

/// One place the navigation leads to.
struct Place {
    path: &'static str,
    label: Message,
    icon: &'static str,
    /// What a person needs to find something there; `None`: everyone does.
    needs: Option<Scope>,
    /// The key that leads there after `g`.
    key: &'static str,
}

const fn place(
    path: &'static str,
    label: Message,
    icon: &'static str,
    needs: Option<Scope>,
    key: &'static str,
) -> Place {
    Place { path, label, icon, needs, key }
}

/// What people come for.
const DEVICES: [Place; 9] = [
    place("/", general::NAV_OVERVIEW, icon::OVERVIEW, None, "o"),
    place("/devices", general::NAV_DEVICES, icon::DEVICES, None, "d"),
    place("/enroll/device", general::NAV_ENROLL, icon::ENROLL, Some(Scope::Enroll), "e"),
    place("/groups", general::NAV_GROUPS, icon::GROUPS, None, "g"),
    place("/policies", general::NAV_POLICIES, icon::POLICIES, Some(Scope::Read), "p"),
    place("/compliance", general::NAV_COMPLIANCE, icon::COMPLIANCE, None, "c"),
    place("/activities", general::NAV_ACTIVITIES, icon::ACTIVITIES, None, "a"),
    place("/geofences", general::NAV_GEOFENCES, icon::GEOFENCES, Some(Scope::Read), "f"),
    place("/packages", general::NAV_PACKAGES, icon::PACKAGES, Some(Scope::Policy), "k"),
];
/// What the site is made of.
const SITE: [Place; 9] = [
    place("/device-types", general::NAV_DEVICE_TYPES, icon::DEVICE_TYPES, Some(Scope::Read), "y"),
    place("/certificates", general::NAV_CERTIFICATES, icon::CERTIFICATES, None, "x"),
    place("/users", general::NAV_USERS, icon::USERS, Some(Scope::Admin), "u"),
    place("/roles", general::NAV_ROLES, icon::ROLES, Some(Scope::Admin), "r"),
    place("/tokens", general::NAV_TOKENS, icon::TOKENS, None, "t"),
    place("/audit", general::NAV_AUDIT, icon::AUDIT, Some(Scope::Admin), "l"),
    place("/settings", general::NAV_SETTINGS, icon::SETTINGS, Some(Scope::Read), "s"),
    place("/reference", general::NAV_REFERENCE, icon::REFERENCE, None, "i"),
    place("/about", general::NAV_ABOUT, icon::ABOUT, None, "b"),
];

/// The whole document of a page.
pub(super) fn page(page: &Page) -> Markup {
    let ui = &page.ui;
    let face = &ui.0;
    let site = if face.site.is_empty() { "Pym" } else { face.site.as_str() };
    html! {
        (DOCTYPE)
        html lang=(face.language.tag()) data-theme=(face.theme.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) " · " (site) }
                link rel="icon" href=(ICON_SVG.path) type="image/svg+xml";
                link rel="stylesheet" href=(APP_CSS.path);
                script src=(APP_JS.path) defer {}
            }
            body class=(if page.bare { "bare" } else { "full" })
                data-live-on=(ui.t(general::LIVE_ON)) data-live-wait=(ui.t(general::LIVE_WAIT))
                data-live-stale=(ui.t(general::LIVE_STALE)) data-stale-after=(STALE_AFTER.as_millis())
                data-copy=(ui.t(general::COPY)) data-copied=(ui.t(general::COPIED))
                data-confirm-yes=(ui.t(general::CONFIRM)) data-confirm-no=(ui.t(general::CANCEL))
                data-failed=(ui.t(general::SEND_FAILED)) {
                a.skip href="#main" { (ui.t(general::SKIP)) }
                (bar(page, site))
                @if !page.bare { (navigation(ui)) }
                main #main tabindex="-1" {
                    @if let Some(said) = &face.said { p.said role="status" { (said) } }
                    (page.body)
                    @if !page.curl.is_empty() { (commands(ui, &page.curl)) }
                }
                @if !page.bare { (keys(ui)) }
            }
        }
    }
}

fn bar(page: &Page, site: &str) -> Markup {
    let ui = &page.ui;
    let face = &ui.0;
    html! {
        header.bar {
            @if !page.bare { a.burger href="#nav" aria-label=(ui.t(general::MENU)) { (icon(icon::MENU)) } }
            a.brand href="/" aria-label=(site) { img src=(ICON_SVG.path) alt="" width="24" height="24"; span { (site) } }
            @if !page.bare {
                form.find action="/devices" method="get" role="search" {
                    button.go type="submit" aria-label=(ui.t(general::FIND)) { (icon(icon::SEARCH)) }
                    input #find type="search" name="query" placeholder=(ui.t(general::FIND)) aria-label=(ui.t(general::FIND))
                        autocomplete="off";
                    kbd aria-hidden="true" { "/" }
                }
                output #live.live data-state="off" { span.dot {} span { (ui.t(general::LIVE_OFF)) } }
                a #bell.bell href="/notifications" data-key="n" data-live="notifications" title=(ui.t(general::NAV_NOTIFICATIONS)) {
                    (icon(icon::BELL))
                    span.sr { (ui.t(general::NAV_NOTIFICATIONS)) }
                    @if face.unread > 0 { span.count { (if face.unread > 99 { "99+".to_owned() } else { face.unread.to_string() }) } }
                }
            }
            details.menu {
                summary title=(ui.t(general::PERSON)) {
                    (icon(icon::PERSON))
                    span.name { (if face.person.is_empty() { ui.t(general::PREFERENCES) } else { face.person.as_str() }) }
                }
                div.sheet { (preferences(ui)) @if !face.person.is_empty() { (account(ui)) } }
            }
        }
    }
}

/// Forms rather than links: they change what the browser keeps.
fn preferences(ui: &Ui) -> Markup {
    let back = ui.query().address(ui.path());
    html! {
        form method="post" action="/preferences" {
            (ui.token_field())
            input type="hidden" name="back" value=(back);
            p.label { (ui.t(general::LANGUAGE)) }
            div.choice {
                @for (language, name) in Language::ALL {
                    button type="submit" name="language" value=(language.tag()) lang=(language.tag())
                        aria-pressed=(language == ui.language()) { (name) }
                }
            }
            p.label { (ui.t(general::THEME)) }
            div.choice {
                @for theme in Theme::ALL {
                    button type="submit" name="theme" value=(theme.name()) aria-pressed=(theme == ui.0.theme) {
                        (ui.t(match theme {
                            Theme::Auto => general::THEME_AUTO,
                            Theme::Light => general::THEME_LIGHT,
                            Theme::Dark => general::THEME_DARK,
                        }))
                    }
                }
            }
        }
    }
}

fn account(ui: &Ui) -> Markup {
    html! {
        a.item href="/account" { (ui.t(general::NAV_ACCOUNT)) }
        form method="post" action="/logout" { (ui.token_field()) button.item { (ui.t(general::LOG_OUT)) } }
    }
}

fn navigation(ui: &Ui) -> Markup {
    html! {
        nav #nav.side aria-label=(ui.t(general::MENU)) {
            a.close href="#main" { (ui.t(general::CLOSE)) }
            (places(ui, &DEVICES))
            p.label { (ui.t(general::NAV_SITE)) }
            (places(ui, &SITE))
        }
    }
}

fn places(ui: &Ui, places: &[Place]) -> Markup {
    let here = ui.path();
    let at = |path: &str| if path == "/" { here == "/" } else { here == path || here.starts_with(&format!("{path}/")) };
    html! {
        ul {
            @for place in places.iter().filter(|place| place.needs.is_none_or(|scope| ui.may(scope))) {
                li {
                    a href=(place.path) data-key=(place.key) aria-current=[at(place.path).then_some("page")] {
                        (icon(place.icon)) span { (ui.t(place.label)) }
                    }
                }
            }
        }
    }
}

fn commands(ui: &Ui, lines: &[String]) -> Markup {
    html! {
        details.curl {
            summary { (ui.t(general::CURL)) }
            p.muted { (ui.t(general::CURL_HINT)) " " a href="/tokens" { (ui.t(general::NAV_TOKENS)) } " · " a href="/ca.pem" { "ca.pem" } }
            @for line in lines { pre tabindex="0" data-copy { code { (line) } } }
        }
    }
}

/// The keys there are, for `?`.
fn keys(ui: &Ui) -> Markup {
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { (ui.t(general::KEYS)) }
            dl.keys {
                div { dt { kbd { "/" } } dd { (ui.t(general::KEY_FIND)) } }
                div { dt { kbd { "j" } " " kbd { "k" } } dd { (ui.t(general::KEY_ROWS)) } }
                div { dt { kbd { "Enter" } } dd { (ui.t(general::KEY_OPEN)) } }
                div { dt { kbd { "x" } } dd { (ui.t(general::KEY_TICK)) } }
                div { dt { kbd { "?" } } dd { (ui.t(general::KEYS)) } }
                div { dt { kbd { "g" } " " kbd { "n" } } dd { (ui.t(general::NAV_NOTIFICATIONS)) } }
                @for place in DEVICES.iter().chain(&SITE).filter(|place| place.needs.is_none_or(|scope| ui.may(scope))) {
                    div { dt { kbd { "g" } " " kbd { (place.key) } } dd { (ui.t(place.label)) } }
                }
            }
            form method="dialog" { button.button { (ui.t(general::CLOSE)) } }
        }
    }
}

/// The page in the place of one that cannot be shown.
pub(super) fn failure(ui: &Ui, failure: &Failure) -> Page {
    let known = !ui.person().is_empty();
    let body = html! {
        div.failure {
            p.code { (failure.status.as_u16()) }
            h1 { (ui.t(failure.title)) }
            p { (failure.detail) }
            @if failure.status == StatusCode::FORBIDDEN { p.muted { (ui.t(general::FORBIDDEN_HINT)) } }
            p {
                a.button.primary href="/" { (ui.t(general::NAV_OVERVIEW)) }
                @if !known { " " a.button href="/login" { (ui.t(general::LOG_IN)) } }
            }
        }
    };
    let page = ui.page(failure.title).status(failure.status).body(body);
    if known { page } else { page.bare() }
}
