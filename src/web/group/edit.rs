//! The form that makes or changes a group, and what its query would hold.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::id;
use crate::app::{Error, require};
use crate::model::actor::Scope;
use crate::model::group::{Group, NewGroup};
use crate::model::id::GroupId;
use crate::model::query::QueryError;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::fields::Fields;
use crate::web::message::group as words;
use crate::web::routes::{Route, route};
use crate::web::ui::{Tone, Ui};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/groups/new", new),
        route(Method::POST, "/groups/new", create),
        route(Method::POST, "/groups/preview", preview),
        route(Method::GET, "/groups/{id}/edit", edit),
        route(Method::POST, "/groups/{id}/edit", save),
    ]
}

/// What the form holds.
struct Draft<'a> {
    id: Option<GroupId>,
    name: &'a str,
    description: &'a str,
    query: &'a str,
}

impl<'a> Draft<'a> {
    fn of(fields: &'a Fields, id: Option<GroupId>) -> Self {
        let text = |name| fields.get(name).unwrap_or_default();
        Self { id, name: text("name"), description: text("description"), query: text("query") }
    }
}

/// What comes of a query as a group's.
enum Verdict {
    /// Nothing is filled by it.
    Empty,
    Fits(u64),
    /// It is no query: where it goes wrong.
    Unreadable(QueryError),
    /// It is one, and cannot be a group's.
    Unfit(String),
}

async fn judge(call: &Call, query: &str) -> Result<Verdict, Failure> {
    if query.trim().is_empty() {
        return Ok(Verdict::Empty);
    }
    if let Err(error) = call.app().check_query(call.actor(), query)? {
        return Ok(Verdict::Unreadable(error));
    }
    match call.app().count_group(call.actor(), query).await {
        Ok(devices) => Ok(Verdict::Fits(devices)),
        Err(Error::Invalid { detail, .. }) => Ok(Verdict::Unfit(detail)),
        Err(error) => Err(error.into()),
    }
}

fn verdict(ui: &Ui, query: &str, verdict: &Verdict) -> Markup {
    match verdict {
        Verdict::Empty => html! { span.muted { (ui.t(words::EMPTY_QUERY)) } },
        Verdict::Fits(devices) => ui.badge(Tone::Ok, &ui.count(*devices, words::FITS_ONE, words::FITS)),
        Verdict::Unfit(why) => ui.badge(Tone::Bad, &ui.fill(words::WRONG, &[why])),
        Verdict::Unreadable(error) => {
            let (right, wrong): (String, String) =
                (query.chars().take(error.at).collect(), query.chars().skip(error.at).collect());
            html! {
                (ui.badge(Tone::Bad, &ui.fill(words::WRONG_AT, &[&(error.at + 1), &error.expected])))
                code.wrong { (right) mark { (if wrong.is_empty() { " " } else { wrong.as_str() }) } }
            }
        }
    }
}

fn form(ui: &Ui, draft: &Draft<'_>, judged: &Verdict) -> Markup {
    let action = draft.id.map_or_else(|| "/groups/new".to_owned(), |id| format!("/groups/{id}/edit"));
    let title = match draft.id {
        Some(_) => ui.fill(words::EDIT_TITLE, &[&draft.name]),
        None => ui.t(words::NEW_TITLE).to_owned(),
    };
    let query = html! {
        textarea.code #query name="query" rows="3" spellcheck="false" autocapitalize="none"
            aria-describedby="query-hint query-check" data-check="/groups/new" { (draft.query) }
    };
    html! {
        div.page-head { h1 { (title) } }
        (ui.form(&action, html! {
            @if let Some(id) = draft.id { input type="hidden" name="id" value=(id); }
            (ui.input_required("text", "name", words::NAME, draft.name, None))
            (ui.input("text", "description", words::DESCRIPTION, draft.description, None))
            (ui.field("query", words::QUERY, &query, Some(ui.t(words::QUERY_HINT))))
            output.check #query-check for="query" { (verdict(ui, draft.query, judged)) }
            div.row {
                button.button.primary { (ui.t(if draft.id.is_some() { words::SAVE } else { words::MAKE })) }
                button.button formaction="/groups/preview" formnovalidate { (ui.t(words::CHECK)) }
            }
        }))
    }
}

async fn new(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    require(call.actor(), Scope::Operate)?;
    let draft = Draft::of(call.query(), None);
    let judged = judge(&call, draft.query).await?;
    let wanted = serde_json::json!({ "name": "NAME", "query": "status:active tag:lobby" }).to_string();
    Ok(ui.page(words::NEW_TITLE).curl_json("POST", "/api/v1/groups", &wanted).body(form(&ui, &draft, &judged)))
}

async fn edit(call: Call) -> Result<impl Reply, Failure> {
    let (ui, id) = (call.ui(), id(&call)?);
    require(call.actor(), Scope::Operate)?;
    let Group { name, description, query, .. } = call.app().group(call.actor(), id).await?;
    let query = query.unwrap_or_default();
    let judged = judge(&call, &query).await?;
    let draft = Draft { id: Some(id), name: &name, description: &description, query: &query };
    let wanted = serde_json::json!({ "name": name, "description": description, "query": query }).to_string();
    let page = ui.page_titled(ui.fill(words::EDIT_TITLE, &[&name]));
    Ok(page.curl_json("PUT", &format!("/api/v1/groups/{id}"), &wanted).body(form(&ui, &draft, &judged)))
}

/// The form again, with what its query would hold.
async fn preview(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let draft = Draft::of(call.form(), call.form().parsed("id")?);
    let judged = judge(&call, draft.query).await?;
    Ok(ui.page(words::NEW_TITLE).body(form(&ui, &draft, &judged)))
}

fn given(call: &Call) -> NewGroup {
    let form = call.form();
    NewGroup {
        name: form.filled("name").unwrap_or_default().to_owned(),
        description: form.filled("description").unwrap_or_default().to_owned(),
        query: form.filled("query").map(str::to_owned),
    }
}

async fn create(call: Call) -> Result<impl Reply, Failure> {
    let group = call.app().create_group(call.actor(), given(&call)).await?;
    Ok(call.redirect(format!("/groups/{}", group.id)).saying(words::MADE))
}

async fn save(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    call.app().edit_group(call.actor(), id, given(&call)).await?;
    Ok(call.redirect(format!("/groups/{id}")).saying(words::SAVED))
}
