//! The list, drawn: facets, columns, rows and pages.

use maud::{Markup, html};

use super::view::{PATH, SIZES, View};
use crate::app::device_list::DeviceList;
use crate::model::actor::Scope;
use crate::model::device::Ownership;
use crate::model::device_list::{Cell, Column, DeviceRow, RowStart};
use crate::model::query::Compliance;
use crate::web::message::{Message, device_list as message};
use crate::web::ui::{Tone, Ui};

/// The most values of a facet that are shown; the search finds the others.
const MAX_VALUES: usize = 8;
/// The most tags or groups that a row shows.
const MAX_WORDS: usize = 2;

/// The actions that are offered for many devices, with what they take.
pub(in crate::web) const ACTIONS: [(&str, Message, Scope); 7] = [
    ("send", message::DO_SEND, Scope::Own),
    ("tag", message::DO_TAG, Scope::Operate),
    ("join", message::DO_JOIN, Scope::Operate),
    ("leave", message::DO_LEAVE, Scope::Operate),
    ("suspend", message::DO_SUSPEND, Scope::Operate),
    ("resume", message::DO_RESUME, Scope::Operate),
    ("remove", message::DO_REMOVE, Scope::Own),
];

/// A page of the list on its way to a person.
pub(super) struct Drawn<'a> {
    pub(super) ui: &'a Ui,
    pub(super) view: &'a View,
    pub(super) list: &'a DeviceList,
}

/// One value of a facet: how it is shown, how many devices it would find, whether it is chosen, and the view that
/// choosing it leads to.
struct Choice {
    shown: Markup,
    devices: u64,
    chosen: bool,
    leads_to: View,
}

impl Drawn<'_> {
    pub(super) fn found(&self) -> Markup {
        let rows = self.list.rows.items.len() as u64;
        let (total, known) = (self.list.facets.total, self.list.facets.known);
        let before = self.view.before.min(total.saturating_sub(rows));
        let (first, last) = (if rows == 0 { 0 } else { before + 1 }, before + rows);
        html! {
            @if self.view.narrows() && known != total {
                (self.ui.fill(message::FOUND_OF, &[&first, &last, &total, &known]))
            } @else {
                (self.ui.fill(message::FOUND, &[&first, &last, &total]))
            }
        }
    }

    pub(super) fn facets(&self) -> Markup {
        let (ui, facets) = (self.ui, &self.list.facets);
        let at = self.view.at_start();
        let text = |text: &str| html! { (text) };
        let statuses = facets.statuses.iter().map(|(status, devices)| {
            let chosen = at.statuses.contains(status);
            let mut leads_to = at.clone();
            if chosen {
                leads_to.statuses.retain(|other| other != status);
            } else {
                leads_to.statuses = vec![*status];
            }
            Choice { shown: ui.device_status(*status), devices: *devices, chosen, leads_to }
        });
        let types = facets.types.iter().map(|(name, devices)| {
            let chosen = at.device_type.as_ref() == Some(name);
            let leads_to = View { device_type: (!chosen).then(|| name.clone()), ..at.clone() };
            Choice { shown: text(name), devices: *devices, chosen, leads_to }
        });
        let groups = facets.groups.iter().map(|(id, name, devices)| {
            let chosen = at.group == Some(*id);
            let leads_to = View { group: (!chosen).then_some(*id), ..at.clone() };
            Choice { shown: text(name), devices: *devices, chosen, leads_to }
        });
        let ownerships = facets.ownerships.iter().map(|(ownership, devices)| {
            let chosen = at.ownership == Some(*ownership);
            let leads_to = View { ownership: (!chosen).then_some(*ownership), ..at.clone() };
            let shown = text(ui.t(ownership_name(*ownership)));
            Choice { shown, devices: *devices, chosen, leads_to }
        });
        let compliance = facets.compliance.iter().map(|(answer, devices)| {
            let chosen = at.compliance == Some(*answer);
            let leads_to = View { compliance: (!chosen).then_some(*answer), ..at.clone() };
            Choice { shown: complies(ui, *answer), devices: *devices, chosen, leads_to }
        });
        html! {
            (self.facet(message::STATUS, statuses, true))
            (self.facet(message::TYPE, types, false))
            (self.facet(message::GROUP, groups, true))
            (self.facet(message::OWNERSHIP, ownerships, false))
            (self.facet(message::COMPLIANCE, compliance, false))
        }
    }

    /// A facet's values as links. One that has a single value and is not chosen narrows nothing, and is left out unless
    /// it is shown `always`.
    fn facet(&self, title: Message, choices: impl Iterator<Item = Choice>, always: bool) -> Markup {
        let mut choices: Vec<Choice> = choices.filter(|choice| choice.devices > 0 || choice.chosen).collect();
        choices.sort_by_key(|choice| std::cmp::Reverse(choice.chosen));
        let shown = !choices.is_empty() && (always || choices.len() > 1 || choices.iter().any(|choice| choice.chosen));
        html! {
            @if shown {
                nav.facets aria-label=(self.ui.t(title)) {
                    span.muted { (self.ui.t(title)) }
                    @for choice in choices.iter().take(MAX_VALUES) {
                        a href=(choice.leads_to.address()) aria-current=[choice.chosen.then_some("true")] {
                            (choice.shown) span.num { (choice.devices) }
                        }
                    }
                }
            }
        }
    }

    /// The columns to choose from.
    pub(super) fn columns(&self) -> Markup {
        let kept = self.view.at_start();
        let kept: Vec<_> = kept.pairs().into_iter().filter(|(name, _)| *name != "col").collect();
        html! {
            details.menu {
                summary.button.small { (self.ui.t(message::COLUMNS)) " ▾" }
                form.sheet.choose-columns action=(PATH) method="get" {
                    @for (name, value) in &kept { input type="hidden" name=(name) value=(value); }
                    // The name is always there: a row is opened by it.
                    @for column in Column::ALL.into_iter().filter(|column| *column != Column::Name) {
                        (self.ui.tick("col", column.name(), self.ui.t(title(column)), self.view.columns.has(column)))
                    }
                    button.button.primary { (self.ui.t(message::SHOW_COLUMNS)) }
                }
            }
        }
    }

    pub(super) fn export(&self) -> Markup {
        let columns: Vec<&str> = self.view.columns.iter().map(Column::name).collect();
        let link = |format: &str| {
            let more = [("columns", columns.join(",")), ("format", format.to_owned())];
            self.view.api("/api/v1/devices/export", &more)
        };
        html! {
            details.menu {
                summary.button.small { (self.ui.t(message::EXPORT)) " ▾" }
                div.sheet {
                    a.item href=(link("csv")) download="devices.csv" { (self.ui.t(message::EXPORT_CSV)) }
                    a.item href=(link("json")) download="devices.json" { (self.ui.t(message::EXPORT_JSON)) }
                }
            }
        }
    }

    /// The rows; for those who may do something to many of them, in a form that says what.
    pub(super) fn table_with_actions(&self) -> Markup {
        let ui = self.ui;
        let actions: Vec<_> = ACTIONS.iter().filter(|(.., scope)| ui.may(*scope) || ui.may(Scope::Operate)).collect();
        let table = |ticks: bool| {
            html! { section #devices data-live="devices operations groups" { (self.table(ticks)) } }
        };
        if actions.is_empty() {
            return table(false);
        }
        ui.form_classed(
            "/devices/bulk",
            "many",
            html! {
                input type="hidden" name="view" value=(self.view.encoded());
                (table(true))
                div.bulk data-some="no" {
                    span.ticked hidden { b data-ticked { "0" } " " (ui.t(message::TICKED)) }
                    span #all data-live="devices" {
                        (ui.tick("all", "1", &ui.fill(message::ALL_MATCHING, &[&self.list.facets.total]), false))
                    }
                    label.sr for="action" { (ui.t(message::WITH_TICKED)) }
                    select #action name="action" {
                        @for (name, label, _) in &actions { option value=(name) { (ui.t(*label)) } }
                    }
                    button.button.primary { (ui.t(message::GO_ON)) }
                }
            },
        )
    }

    fn table(&self, ticks: bool) -> Markup {
        let (ui, view) = (self.ui, self.view);
        if self.list.rows.items.is_empty() {
            let all = view.cleared().address();
            return ui.empty(message::NO_MATCH, message::NO_MATCH_HINT, Some((&all, message::SHOW_ALL)));
        }
        html! {
            (ui.scroll(ui.t(message::TITLE), html! {
                table.list.devices {
                    thead {
                        tr {
                            @if ticks {
                                th.tick-cell scope="col" { input type="checkbox" data-tick-all aria-label=(ui.t(message::TICK_ALL)); }
                            }
                            @for column in view.columns.iter() { (self.heading(column)) }
                        }
                    }
                    tbody {
                        @for row in &self.list.rows.items {
                            tr id={ "d-" (row.device.id) } data-row {
                                @if ticks {
                                    td.tick-cell {
                                        input type="checkbox" name="device" value=(row.device.id) data-tick
                                            aria-label=(ui.fill(message::TICK, &[&row.device.called()]));
                                    }
                                }
                                @for column in view.columns.iter() { (self.cell(row, column)) }
                            }
                        }
                    }
                }
            }))
        }
    }

    fn heading(&self, column: Column) -> Markup {
        let name = self.ui.t(title(column));
        let class = is_number(column).then_some("num");
        let Some(sort) = column.sort() else { return html! { th scope="col" class=[class] { (name) } } };
        let here = self.view.sort == sort;
        // Times are read newest first; a second choice turns the order round.
        let latest_first = matches!(column, Column::LastSeen | Column::EnrolledAt);
        let descending = if here { !self.view.descending } else { latest_first };
        let leads_to = View { sort, descending, ..self.view.at_start() };
        let (order, sign) = match (here, self.view.descending) {
            (false, _) => (None, ""),
            (true, false) => (Some("ascending"), " ↑"),
            (true, true) => (Some("descending"), " ↓"),
        };
        html! { th scope="col" class=[class] aria-sort=[order] { a href=(leads_to.address()) { (name) (sign) } } }
    }

    fn cell(&self, row: &DeviceRow, column: Column) -> Markup {
        let (ui, device) = (self.ui, &row.device);
        match column {
            Column::Name => html! { td.name { a href={ (PATH) "/" (device.id) } { (row.device.called()) } } },
            Column::Status => html! { td { (ui.device_status(device.status)) } },
            Column::Online if row.online => html! { td { (ui.badge(Tone::Ok, ui.t(message::IS_ONLINE))) } },
            Column::Online => html! { td { (ui.badge(Tone::Idle, ui.t(message::IS_OFFLINE))) } },
            Column::Compliance if row.compliant.is_none() => html! { td { (blank()) } },
            Column::Compliance => html! { td { (complies(ui, row.compliance())) } },
            Column::Ownership => html! { td { (device.ownership.name()) } },
            Column::Waiting if row.waiting == 0 => html! { td.num { (blank()) } },
            Column::Waiting => html! { td.num { b { (row.waiting) } } },
            Column::LastSeen => html! { td.nowrap { (ui.ago_or_never(device.last_seen_at)) } },
            Column::Id => html! { td { code { (device.id) } } },
            Column::Description => html! { td.long { (device.description) } },
            _ => match row.cell(column) {
                Cell::Nothing => html! { td { (blank()) } },
                Cell::Text(text) => html! { td { (text) } },
                Cell::Texts(words) => html! { td.nowrap { (tags(words)) } },
                Cell::Number(number) => html! { td.num { (number) } },
                Cell::Flag(flag) => html! { td { (flag) } },
                Cell::Time(at) => html! { td.nowrap { (ui.time(at)) } },
                Cell::Id(id) => html! { td { code { (id) } } },
            },
        }
    }

    pub(super) fn pages(&self) -> Markup {
        let (ui, view, rows) = (self.ui, self.view, &self.list.rows);
        let here = rows.items.len() as u64;
        let beside = |start: RowStart, before: u64| View { start, before, ..view.clone() }.address();
        let size = u64::from(view.size);
        let previous = rows.previous.as_ref().map(|cursor| {
            let before = view.before.saturating_sub(size);
            // The page before the second is the first, however far the rows have moved.
            if before == 0 { view.at_start().address() } else { beside(RowStart::Before(cursor.clone()), before) }
        });
        let next = rows.next.as_ref().map(|cursor| beside(RowStart::After(cursor.clone()), view.before + here));
        let sizes = self.list.facets.total > u64::from(SIZES[0]);
        html! {
            @if previous.is_some() || next.is_some() || sizes {
                nav.pager aria-label=(ui.t(crate::web::message::general::PAGES)) {
                    @if let Some(previous) = &previous { a.button href=(previous) rel="prev" { (ui.t(message::PREVIOUS)) } }
                    @if let Some(next) = &next { a.button href=(next) rel="next" { (ui.t(message::NEXT)) } }
                    @if sizes {
                        span.sizes {
                            span.muted { (ui.t(message::PAGE_SIZE)) }
                            @for size in SIZES {
                                a href=(View { size, ..view.at_start() }.address())
                                    aria-current=[(size == view.size).then_some("true")] { (size) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn blank() -> Markup {
    html! { span.muted aria-hidden="true" { "–" } }
}

fn tags(words: &[String]) -> Markup {
    html! {
        @for word in words.iter().take(MAX_WORDS) { span.tag { (word) } " " }
        @if words.len() > MAX_WORDS { span.muted title=(words.join(", ")) { "+" (words.len() - MAX_WORDS) } }
    }
}

/// How a device stands to its policy.
fn complies(ui: &Ui, answer: Compliance) -> Markup {
    match answer {
        Compliance::Yes => ui.badge(Tone::Ok, ui.t(message::COMPLIANT_YES)),
        Compliance::No => ui.badge(Tone::Bad, ui.t(message::COMPLIANT_NO)),
        Compliance::Unknown => ui.badge(Tone::Idle, ui.t(message::COMPLIANT_UNKNOWN)),
    }
}

const fn ownership_name(ownership: Ownership) -> Message {
    match ownership {
        Ownership::Byod => message::BYOD,
        Ownership::Cope => message::COPE,
    }
}

const fn is_number(column: Column) -> bool {
    matches!(column, Column::Waiting | Column::Number)
}

/// What a column is called.
const fn title(column: Column) -> Message {
    match column {
        Column::Name => message::NAME,
        Column::Identifier => message::IDENTIFIER,
        Column::Type => message::TYPE,
        Column::Status => message::STATUS,
        Column::Online => message::ONLINE,
        Column::Owner => message::OWNER,
        Column::Ownership => message::OWNERSHIP,
        Column::Compliance => message::COMPLIANCE,
        Column::Groups => message::GROUPS,
        Column::Tags => message::TAGS,
        Column::Waiting => message::WAITING,
        Column::Os => message::OS,
        Column::Model => message::MODEL,
        Column::Vendor => message::VENDOR,
        Column::Battery => message::BATTERY,
        Column::EnrolledAt => message::ENROLLED_AT,
        Column::UpdatedAt => message::UPDATED_AT,
        Column::LastSeen => message::LAST_SEEN,
        Column::Number => message::NUMBER,
        Column::Id => message::ID,
        Column::Description => message::DESCRIPTION,
    }
}
