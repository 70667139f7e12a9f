//! `/devices`: the list, with search, facets, columns, views and pages. What is done to many of its devices is in
//! `bulk`.

pub(in crate::web) mod draw;
pub(in crate::web) mod view;

use maud::{Markup, html};
use warp::http::Method;

use super::call::{Call, Redirect};
use super::failure::Failure;
use super::fields::Fields;
use super::message::device_list as message;
use super::routes::{Route, route};
use super::ui::{Page, Ui};
use crate::app::device_list::DeviceList;
use crate::model::actor::Scope;
use crate::model::query::QueryError;
use crate::model::saved_view::SavedView;

use draw::Drawn;
use view::{PATH, View};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, PATH, list),
        route(Method::POST, "/devices/views", keep_view),
        route(Method::POST, "/devices/views/delete", delete_view),
    ]
}

async fn list(call: Call) -> Result<Page, Failure> {
    let (ui, view) = (call.ui(), View::read(call.query())?);
    let views = call.app().saved_views(call.actor()).await?;
    let page = ui
        .page(message::TITLE)
        .curl("GET", &view.api("/api/v1/devices", &[]))
        .curl("GET", &view.api("/api/v1/devices/facets", &[]));
    let filter = match view.filter() {
        Ok(filter) => filter,
        Err(wrong) => return Ok(page.body(html! { (head(&ui)) (search(&ui, &view, Some(&wrong))) })),
    };
    let list = call.app().device_list(call.actor(), filter, view.page(), view.columns).await?;
    Ok(page.body(html! { (head(&ui)) (body(&ui, &view, &views, &list)) }))
}

fn head(ui: &Ui) -> Markup {
    html! {
        div.page-head {
            h1 { (ui.t(message::TITLE)) }
            @if ui.may(Scope::Enroll) { a.button.primary href="/enroll/device" { (ui.t(message::ENROLL)) } }
        }
    }
}

fn body(ui: &Ui, view: &View, views: &[SavedView], list: &DeviceList) -> Markup {
    let drawn = Drawn { ui, view, list };
    let none_at_all = list.facets.known == 0 && !view.narrows();
    html! {
        @if none_at_all {
            section #devices data-live="devices" {
                (ui.empty(
                    message::NONE_YET,
                    message::NONE_YET_HINT,
                    ui.may(Scope::Enroll).then_some(("/enroll/device", message::ENROLL)),
                ))
            }
        } @else {
            (search(ui, view, None))
            (kept(ui, view, views))
            section #facets data-live="devices groups" aria-label=(ui.t(message::FACETS)) { (drawn.facets()) }
            div.toolbar {
                p #found data-live="devices" { (drawn.found()) }
                div.end.inline {
                    (keep(ui, view, views))
                    (drawn.columns())
                    (drawn.export())
                }
            }
            (drawn.table_with_actions())
            section #pages data-live="devices" { (drawn.pages()) }
        }
    }
}

/// The search, with what is wrong at its place.
fn search(ui: &Ui, view: &View, wrong: Option<&QueryError>) -> Markup {
    let kept: Vec<_> = view.at_start().pairs().into_iter().filter(|(name, _)| *name != "q").collect();
    html! {
        form.device-search action=(PATH) method="get" role="search" {
            @for (name, value) in &kept { input type="hidden" name=(name) value=(value); }
            label.sr for="q" { (ui.t(message::SEARCH_LABEL)) }
            input #q type="search" name="q" value=(view.query) placeholder=(ui.t(message::SEARCH_PLACEHOLDER)) data-find
                maxlength="1000" autocomplete="off" spellcheck="false" autocapitalize="none"
                aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "q-wrong")];
            button.button { (ui.t(message::SEARCH)) }
            @if view.narrows() { a.button.quiet href=(view.cleared().address()) { (ui.t(message::CLEAR)) } }
        }
        @if let Some(wrong) = wrong {
            @let split = view.query.char_indices().nth(wrong.at).map_or(view.query.len(), |(at, _)| at);
            @let (before, behind) = view.query.split_at_checked(split).unwrap_or((&view.query, ""));
            div.alert #q-wrong role="alert" {
                p { (ui.fill(message::WRONG_AT, &[&(wrong.at + 1)])) " " (wrong.expected) }
                code.query-wrong { (before) mark { (if behind.is_empty() { " " } else { behind }) } }
            }
        }
        details.query-help {
            summary { (ui.t(message::HELP)) }
            dl.facts {
                @for (terms, meaning) in [
                    ("kitchen  name:kit", message::HELP_WORD),
                    ("status:active,inactive", message::HELP_STATUS),
                    ("group:lobby  tag:lobby", message::HELP_TAG),
                    ("os<9  os:13", message::HELP_OS),
                    ("seen>1d  seen<1h", message::HELP_SEEN),
                    ("compliant:no", message::HELP_COMPLIANT),
                    ("metric.cpu>70  prop.IMEI:35", message::HELP_METRIC),
                    ("tag:a (os<9 or -compliant:yes)", message::HELP_LOGIC),
                ] {
                    dt { code { (terms) } }
                    dd { (ui.t(meaning)) }
                }
            }
        }
    }
}

/// The views that the person keeps.
fn kept(ui: &Ui, view: &View, views: &[SavedView]) -> Markup {
    if views.is_empty() {
        return html! {};
    }
    let here = view.encoded();
    html! {
        div.facets.views {
            span.muted { (ui.t(message::VIEWS)) }
            @for kept in views {
                span.kept {
                    a href={ (PATH) "?" (kept.query) } aria-current=[(kept.query == here).then_some("page")] { (kept.name) }
                    (ui.form_classed("/devices/views/delete", "inline", html! {
                        input type="hidden" name="name" value=(kept.name);
                        input type="hidden" name="view" value=(here);
                        button.remove title=(ui.fill(message::DELETE_VIEW, &[&kept.name])) {
                            span aria-hidden="true" { "×" }
                            span.sr { (ui.fill(message::DELETE_VIEW, &[&kept.name])) }
                        }
                    }))
                }
            }
        }
    }
}

/// The way to keep this view, unless it is kept already.
fn keep(ui: &Ui, view: &View, views: &[SavedView]) -> Markup {
    let here = view.encoded();
    let is_kept = here.is_empty() || views.iter().any(|kept| kept.query == here);
    html! {
        @if !is_kept {
            details.menu {
                summary.button.small { "+ " (ui.t(message::SAVE_VIEW)) }
                div.sheet {
                    (ui.form("/devices/views", html! {
                        input type="hidden" name="view" value=(here);
                        (ui.input_required("text", "name", message::VIEW_NAME, "", None))
                        button.button.primary { (ui.t(message::KEEP)) }
                    }))
                }
            }
        }
    }
}

/// The view that a form came from, as this door itself writes it.
pub(super) fn view_of(form: &Fields) -> Result<View, Failure> {
    View::read(&Fields::parse(form.get("view").unwrap_or_default().as_bytes())?)
}

async fn keep_view(call: Call) -> Result<Redirect, Failure> {
    let view = view_of(call.form())?;
    let name = call.form().required("name")?.to_owned();
    call.app().save_view(call.actor(), name, view.encoded()).await?;
    Ok(call.redirect(view.address()).saying(message::VIEW_KEPT))
}

async fn delete_view(call: Call) -> Result<Redirect, Failure> {
    let view = view_of(call.form())?;
    let name = call.form().required("name")?.to_owned();
    call.app().delete_view(call.actor(), name).await?;
    Ok(call.redirect(view.address()).saying(message::VIEW_DELETED))
}
