//! `/devices/bulk`: one thing done to many devices, in steps. The list says which devices and what; this page shows what
//! would happen and asks for what is missing; then it is done, unless other devices are meant by then.

mod draw;

use maud::Markup;
use warp::Reply;
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::device_list::view::View;
use super::device_list::view_of;
use super::failure::Failure;
use super::fields::Fields;
use super::message::device_list as message;
use super::routes::{Route, route};
use super::ui::{Page, Ui, feature};
use crate::model::bulk::{BulkAction, BulkDone, BulkSend, Carried, Preview, Selection};
use crate::model::device_type::Feature;
use crate::model::id::{DeviceId, GroupId};

use draw::Step;

/// What the names of a payload's fields begin with.
const PAYLOAD: &str = "payload";

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::POST, "/devices/bulk", ask), route(Method::POST, "/devices/bulk/do", carry_out)]
}

/// What the forms of these pages hand on from one to the next.
struct Asked {
    view: View,
    /// Empty when all that match are meant.
    devices: Vec<DeviceId>,
    all: bool,
    action: String,
}

impl Asked {
    fn read(form: &Fields) -> Result<Self, Failure> {
        let (view, all) = (view_of(form)?, form.has("all"));
        let ids = form.all("device").map(|id| id.parse().map_err(|_| Failure::missing("device", id)));
        let devices: Vec<DeviceId> = if all { Vec::new() } else { ids.collect::<Result<_, _>>()? };
        if devices.is_empty() && !all {
            return Err(Failure::bad("device", "tick the devices that are meant, or choose all that match"));
        }
        Ok(Self { view, devices, all, action: form.required("action")?.to_owned() })
    }

    fn selection(&self) -> Result<Selection, Failure> {
        if !self.all {
            return Ok(Selection::Devices(self.devices.clone()));
        }
        let filter = self.view.filter().map_err(|wrong| Failure::bad("q", wrong.to_string()))?;
        Ok(Selection::Filter(Box::new(filter)))
    }

    /// What the preview is of, as far as it is known yet.
    fn shown(&self, form: &Fields) -> Result<BulkAction, Failure> {
        Ok(match self.action.as_str() {
            "send" => {
                let code = form.get("code").unwrap_or_default().to_owned();
                BulkAction::Send(BulkSend { code, ..BulkSend::default() })
            }
            // Which devices a group may hold does not hang on the group.
            "tag" | "join" | "leave" => BulkAction::Tag { add: Vec::new(), remove: Vec::new() },
            "suspend" => BulkAction::Suspend,
            "resume" => BulkAction::Resume,
            "remove" => BulkAction::Remove,
            other => return Err(Failure::missing("action", other)),
        })
    }
}

/// The first page: what would happen, and what is to be filled in.
async fn ask(call: Call) -> Result<Page, Failure> {
    let asked = Asked::read(call.form())?;
    page(&call, &asked, false).await
}

async fn page(call: &Call, asked: &Asked, changed: bool) -> Result<Page, Failure> {
    let (ui, form) = (call.ui(), call.form());
    let action = asked.shown(form)?;
    let preview = call.app().preview_targets(call.actor(), asked.selection()?, &action).await?;
    let step = match asked.action.as_str() {
        "send" => match form.filled("code").and_then(|code| known_feature(call, &preview, code)) {
            Some(feature) => Step::Payload(feature),
            None => Step::Operation(call.app().offered(&preview)),
        },
        "tag" => Step::Tags,
        "join" | "leave" => {
            let groups = call.app().groups(call.actor()).await?;
            Step::Group(groups.into_iter().filter(|group| group.query.is_none()).collect())
        }
        "remove" | "suspend" => Step::Typed,
        _ => Step::Plain,
    };
    let title = ui.t(draw::label(&asked.action));
    let body: Markup = draw::page(&ui, asked, form, &preview, &step, changed);
    let curl = draw::curl(asked, form);
    Ok(ui.page_titled(title).curl_json("POST", "/api/v1/devices/bulk", &curl).body(body))
}

async fn carry_out(call: Call) -> Result<Response, Failure> {
    let asked = Asked::read(call.form())?;
    let form = call.form();
    let words = |name: &str| -> Vec<String> {
        let given = form.get(name).unwrap_or_default().split([',', '，']);
        given.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let group = || form.parsed::<GroupId>("group")?.ok_or_else(|| Failure::bad("group", "choose a group"));
    let mark = form.required("mark")?;
    let action = match asked.action.as_str() {
        "send" => BulkAction::Send(send(&call, &asked, mark).await?),
        "tag" => {
            let (add, remove) = (words("add"), words("remove"));
            if add.is_empty() && remove.is_empty() {
                return Err(Failure::bad("add", "tell a tag to add or to take off"));
            }
            BulkAction::Tag { add, remove }
        }
        "join" => BulkAction::Join(group()?),
        "leave" => BulkAction::Leave(group()?),
        "remove" | "suspend" => {
            typed(&call, mark)?;
            asked.shown(form)?
        }
        _ => asked.shown(form)?,
    };
    let code = form.get("code").unwrap_or_default().to_owned();
    match call.app().carry_out(call.actor(), asked.selection()?, action, Some(mark)).await? {
        Carried::Changed(_) => Ok(page(&call, &asked, true).await?.into_response()),
        Carried::Done(done) => {
            let to = match done.activity {
                Some((id, _)) => format!("/activities/{id}"),
                None => asked.view.address(),
            };
            Ok(call.redirect(to).saying_text(said(&call.ui(), &asked.action, &code, &done)).into_response())
        }
    }
}

/// Insists on the number of devices that the preview showed: what is done to many is not done by a slip. A mark that
/// tells another number than there are devices is no mark of theirs, so nothing is done with it.
fn typed(call: &Call, mark: &str) -> Result<(), Failure> {
    let meant = mark.split('-').next().unwrap_or_default();
    if call.form().filled("confirm") != Some(meant) {
        return Err(Failure::bad("confirm", call.ui().fill(message::CONFIRM_WRONG, &[&meant])));
    }
    Ok(())
}

/// The operation that the form describes; its payload is read as the first type that knows it describes it.
async fn send(call: &Call, asked: &Asked, mark: &str) -> Result<BulkSend, Failure> {
    let form = call.form();
    let code = form.required("code")?.to_owned();
    let bare = BulkAction::Send(BulkSend { code: code.clone(), ..BulkSend::default() });
    let preview = call.app().preview_targets(call.actor(), asked.selection()?, &bare).await?;
    let feature = known_feature(call, &preview, &code).ok_or_else(|| Failure::missing("operation", &code))?;
    if feature.confirm {
        typed(call, mark)?;
    }
    let payload = feature::read(&feature.payload, PAYLOAD, form, &serde_json::Value::Null)?;
    Ok(BulkSend { code, payload: feature::text(&payload), ..BulkSend::default() })
}

/// The feature of that code, as the first of the types that know it has it.
fn known_feature(call: &Call, preview: &Preview, code: &str) -> Option<Feature> {
    let offered = call.app().offered(preview);
    offered.into_iter().map(|(feature, _)| feature).find(|feature| feature.code.eq_ignore_ascii_case(code))
}

/// What the next page says was done.
fn said(ui: &Ui, action: &str, code: &str, done: &BulkDone) -> String {
    let mut said = match action {
        "send" => ui.fill(message::DONE_SENT, &[&code, &done.devices]),
        "tag" => ui.fill(message::DONE_TAGGED, &[&done.changed]),
        "join" => ui.fill(message::DONE_JOINED, &[&done.devices]),
        "leave" => ui.fill(message::DONE_LEFT, &[&done.devices]),
        "suspend" => ui.fill(message::DONE_SUSPENDED, &[&done.changed]),
        "resume" => ui.fill(message::DONE_RESUMED, &[&done.changed]),
        _ => ui.fill(message::DONE_REMOVED, &[&done.changed]),
    };
    if done.left_out > 0 {
        said.push(' ');
        said.push_str(&ui.fill(message::DONE_LEFT_OUT, &[&done.left_out]));
    }
    said
}
