//! Who may do what: every route of both doors, for every kind of caller, on their own device, another's and none.
//!
//! `matrix.json` holds the callers and, in groups that are alike, the routes. `needs` are scopes that a caller must all
//! have (`[]`: any person), `null` lets everyone in; `own` are scopes each of which is enough for what is one's own;
//! `itself` lets the device do it. `of` says what is whose: a `device` an `operation` or a `group` of the path or the body (which
//! is hidden from whom it is none of the business of), or devices `named` in a list, of which none is left; nothing
//! where it is not there. `hidden` is the status where it is not 404. A route is a call, or a call and its body.

use std::collections::{BTreeMap, BTreeSet};

use pym::model::actor::Actor;
use serde::Deserialize;
use serde_json::{Value, json};

use super::site::{Caller, PASSWORD, Site, anonymous, bearer, local};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// The roles that every site has.
const BUILT_IN: [&str; 4] = ["admin", "operator", "viewer", "device-owner"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    callers: Vec<Kind>,
    /// What stands in the place of a path's other parameters.
    parameters: BTreeMap<String, String>,
    groups: Vec<Group>,
}

/// A kind of caller: nobody, the device itself, a process on the board, a person of a role, or a token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    name: String,
    scopes: BTreeSet<String>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    token: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the data")]
struct Group {
    name: String,
    needs: Option<BTreeSet<String>>,
    #[serde(default)]
    own: BTreeSet<String>,
    #[serde(default)]
    itself: bool,
    #[serde(default)]
    of: Of,
    #[serde(default = "not_found")]
    hidden: u16,
    /// The device is looked up first, for whoever may look at it.
    #[serde(default)]
    seen: bool,
    /// Its owner may look at it, and no more.
    #[serde(default)]
    sees_own: bool,
    /// Another's device takes the scope `operate` besides: whoever does it is the device.
    #[serde(default)]
    takeover: bool,
    /// Whoever is known gets as far as what the body holds.
    #[serde(default)]
    known: bool,
    /// The device is gone, or its credentials are others, when it was done.
    #[serde(default)]
    removes: bool,
    /// The caller's session is over when it was done.
    #[serde(default)]
    ends: bool,
    routes: Vec<Entry>,
}

const fn not_found() -> u16 {
    404
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Of {
    #[default]
    Nothing,
    Device,
    Operation,
    Group,
    Named,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Call(String),
    WithBody(String, Value),
}

impl Entry {
    fn parts(&self) -> (&str, &str, &str, String) {
        let (call, body) = match self {
            Self::Call(call) => (call, String::new()),
            Self::WithBody(call, body) => (call, body.to_string()),
        };
        let (method, target) = call.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (method, path, query, body)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Other,
    NoOnes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Done,
    Unknown,
    Refused,
    Hidden,
}

impl Group {
    /// What comes of a call.
    fn expected(&self, kind: &Kind, whose: Whose) -> Class {
        let Some(needs) = &self.needs else { return Class::Done };
        if self.known && kind.name != "anonymous" {
            return Class::Done;
        }
        let has = |scope: &String| kind.scopes.contains(scope) || kind.scopes.contains("admin");
        let is_let_in =
            if needs.is_empty() { kind.role.is_some() || has(&"admin".to_owned()) } else { needs.iter().all(has) };
        if self.takeover && whose == Whose::Other && is_let_in && !has(&"operate".to_owned()) {
            return Class::Refused;
        }
        if is_let_in {
            return if whose == Whose::NoOnes { Class::Hidden } else { Class::Done };
        }
        if self.itself && kind.name == "device" {
            return if whose == Whose::Own { Class::Done } else { Class::Refused };
        }
        let is_seen = has(&"read".to_owned()) || (self.sees_own && has(&"own".to_owned()) && whose != Whose::Own);
        if self.seen && is_seen && (whose == Whose::NoOnes || !has(&"read".to_owned())) {
            return Class::Hidden;
        }
        if self.own.iter().any(has) {
            return if whose == Whose::Own { Class::Done } else { Class::Hidden };
        }
        if kind.name == "anonymous" { Class::Unknown } else { Class::Refused }
    }

    /// What is asked for, one after the other.
    const fn relations(&self) -> &'static [Whose] {
        match self.of {
            Of::Nothing => &[Whose::Own],
            _ => &[Whose::Own, Whose::Other, Whose::NoOnes],
        }
    }
}

/// A device, whatever can be named of it, and its token.
struct Thing {
    id: String,
    identifier: String,
    device_type: &'static str,
    /// Of its operation.
    activity: String,
    operation: String,
    /// Shared with those who own devices, if it is one's own: its id, and its number.
    group: (String, String),
    token: String,
}

/// The people and tokens of the matrix, and its devices.
struct Cast {
    site: Site,
    callers: BTreeMap<String, Caller>,
    made: usize,
}

impl Cast {
    async fn new(kinds: &[Kind]) -> Self {
        let site = Site::start().await;
        site.app.update_standing(|standing| {
            standing.endpoints.http = vec!["0.0.0.0:8280".to_owned()];
            standing.endpoints.mqtt = vec!["0.0.0.0:1883".to_owned()];
        });
        let mut callers = BTreeMap::from([("anonymous".to_owned(), anonymous()), ("local".to_owned(), local())]);
        for kind in kinds {
            if let Some(role) = &kind.role {
                if !BUILT_IN.contains(&&**role) {
                    let new = json!({ "name": role, "scopes": kind.scopes });
                    site.send(&local(), "POST", "/api/v1/roles", new).await.is(201);
                }
                callers.insert(kind.name.clone(), bearer(&site.person(role).await));
            } else if kind.token {
                let scopes: Vec<_> = kind.scopes.iter().map(String::as_str).collect();
                callers.insert(kind.name.clone(), bearer(&site.token(&scopes).await));
            }
        }
        Self { site, callers, made: 0 }
    }

    async fn log_in(&mut self, kind: &Kind) {
        let Some(role) = &kind.role else { return };
        let login = json!({ "name": role, "password": PASSWORD });
        let session = self.site.send(&anonymous(), "POST", "/api/v1/login", login).await.is(200).json();
        self.callers.insert(kind.name.clone(), bearer(session["token"].as_str().unwrap()));
    }

    /// A new device with an operation: of the device-owner, or of somebody else.
    async fn device(&mut self, device_type: &'static str, code: &str, whose: Whose) -> Thing {
        self.made += 1;
        let identifier = format!("thing-{}", self.made);
        let owner = if whose == Whose::Own { self.callers["device-owner"].clone() } else { local() };
        let new = json!({ "type": device_type, "identifier": identifier, "name": identifier });
        let enrolled = self.site.send(&owner, "POST", "/api/v1/devices", new).await.is(201).json();
        let id = enrolled["device"]["id"].as_str().unwrap().to_owned();
        let mut order = json!({ "code": code, "devices": [id] });
        if device_type != "android" {
            order["payload"] = "ON".into();
        }
        let sent = self.site.send(&local(), "POST", "/api/v1/activities", order).await.is(201).json();
        let operation = sent["operations"][0]["id"].to_string().trim_matches('"').to_owned();
        let group = self.group(whose).await;
        let activity = sent["number"].to_string();
        let token = enrolled["credentials"]["access_token"].as_str().unwrap().to_owned();
        Thing { id, identifier, device_type, activity, operation, group, token }
    }

    async fn group(&mut self, whose: Whose) -> (String, String) {
        let new = json!({ "name": format!("group-{}", self.made) });
        let made = self.site.send(&local(), "POST", "/api/v1/groups", new).await.is(201).json();
        let id = made["id"].as_str().unwrap().to_owned();
        if whose == Whose::Own {
            let roles = json!({ "roles": ["device-owner"] });
            self.site.send(&local(), "PUT", &format!("/api/v1/groups/{id}/roles"), roles).await.is(200);
        }
        let group = self.site.app.group(&Actor::system(), id.parse().unwrap()).await.unwrap();
        (id, group.number.to_string())
    }

    async fn pair(&mut self, path: &str) -> [Thing; 2] {
        // There are agents to download for the sample types alone.
        let path = if path.ends_with("{id}/agent") { "/arduino" } else { path };
        let types = [("raspberrypi", "bulb"), ("arduino", "bulb"), ("virtual_firealarm", "buzz")];
        let fits = |(name, _): &&(&str, &str)| path.split('/').any(|segment| segment.starts_with(name));
        let (device_type, code) = types.iter().find(fits).copied().unwrap_or(("android", "DEVICE_RING"));
        [self.device(device_type, code, Whose::Own).await, self.device(device_type, code, Whose::Other).await]
    }
}

/// The path with something in the place of each parameter.
fn fill(path: &str, of: Of, thing: &Thing, parameters: &BTreeMap<String, String>) -> String {
    // Of an activity on a device, the device is named after it.
    let is_with_activity = path.contains("{deviceId}");
    let is_own_api = path.starts_with("/api/v1/");
    let segment = |segment: &str| match segment {
        "{id}" if is_with_activity => thing.activity.clone(),
        "{id}" | "{deviceId}" if of == Of::Device && is_own_api => thing.id.clone(),
        "{id}" | "{deviceId}" if of == Of::Device => thing.identifier.clone(),
        "{id}" if of == Of::Group && is_own_api => thing.group.0.clone(),
        "{id}" if of == Of::Group => thing.group.1.clone(),
        "{id}" if of == Of::Operation => thing.operation.clone(),
        "{id}" if is_own_api => NOBODY.to_owned(),
        _ => match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => parameters.get(name).unwrap_or_else(|| panic!("no value for {{{name}}} of {path}")).clone(),
            None => segment.to_owned(),
        },
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The text with the thing in the place of its names; `${fresh}` is a name that is new.
fn named(text: &str, thing: &Thing, asked: usize) -> String {
    text.replace("${device}", &thing.id)
        .replace("${identifier}", &thing.identifier)
        .replace("${group}", &thing.group.0)
        .replace("${type}", thing.device_type)
        .replace("${fresh}", &format!("fresh-{asked}"))
}

fn class(group: &Group, thing: &Thing, status: u16, text: &str) -> Class {
    let names = [&thing.id, &thing.identifier, &thing.operation, &thing.activity, &thing.group.0, &thing.group.1];
    let is_named = names.iter().any(|name| text.contains(&format!("{name} does not exist")));
    let is_missing = status == 404 && (is_named || text.contains("is not enrolled"));
    let is_left_out = group.of == Of::Named && status == 400 && text.contains("no such");
    match status {
        401 => Class::Unknown,
        403 => Class::Refused,
        _ if group.of != Of::Nothing && (is_missing || is_left_out) => Class::Hidden,
        _ => Class::Done,
    }
}

fn matrix() -> Matrix {
    serde_json::from_str(include_str!("matrix.json")).unwrap()
}

#[test]
fn the_matrix_lists_what_is_served() {
    let mut served: Vec<String> =
        pym::api::routes::table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    served.extend(pym::agents::entgra::routes::table().iter().map(|route| format!("{} {}", route.method, route.path)));
    let mut listed = Vec::new();
    for group in &matrix().groups {
        for entry in &group.routes {
            let (method, path, ..) = entry.parts();
            listed.push(format!("{method} {path}"));
        }
    }
    let (served, told): (BTreeSet<_>, BTreeSet<_>) = (served.into_iter().collect(), listed.iter().cloned().collect());
    let missing: Vec<_> = served.difference(&told).collect();
    let gone: Vec<_> = told.difference(&served).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the matrix: {missing:#?}\nnot served: {gone:#?}");
    assert_eq!(listed.len(), told.len(), "a route stands in the matrix twice");
}

#[tokio::test]
async fn the_document_says_what_the_matrix_says() {
    let site = Site::start().await;
    let matrix = matrix();
    let mut needs = BTreeMap::new();
    for group in &matrix.groups {
        for entry in &group.routes {
            let (method, path, ..) = entry.parts();
            needs.insert(format!("{method} {path}"), group.needs.as_ref());
        }
    }
    for (method, path, operation) in site.document.operations() {
        let security = operation["security"].as_array().unwrap();
        let is_open = security.is_empty() || security.contains(&json!({}));
        let scopes = security.first().map(|way| way["bearer"].as_array().unwrap().clone()).unwrap_or_default();
        let scopes: BTreeSet<_> = scopes.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect();
        let told = needs[&format!("{method} {path}")];
        assert_eq!(told, if is_open { None } else { Some(&scopes) }, "{method} {path}");
    }
}

#[tokio::test]
async fn the_own_api_asks_who_calls_and_whose_it_is() {
    ask(|path| pym::api::routes::table().iter().any(|route| route.path == path)).await;
}

#[tokio::test]
async fn the_entgra_door_asks_who_calls_and_whose_it_is() {
    ask(|path| pym::agents::entgra::routes::table().iter().any(|route| route.path == path)).await;
}

/// Asks for every route of a door, in every way.
async fn ask(is_of_door: impl Fn(&str) -> bool) {
    let Matrix { callers: kinds, parameters, groups } = matrix();
    let mut cast = Cast::new(&kinds).await;
    let (mut asked, mut complaints) = (0, Vec::new());
    for group in &groups {
        for entry in &group.routes {
            let (method, path, query, body) = entry.parts();
            if !is_of_door(path) {
                continue;
            }
            let mut things = cast.pair(path).await;
            for kind in &kinds {
                for whose in group.relations() {
                    if group.removes {
                        things = cast.pair(path).await;
                    }
                    let [own, other] = &things;
                    let nothing = Thing {
                        id: NOBODY.to_owned(),
                        identifier: "nobody".to_owned(),
                        device_type: own.device_type,
                        group: (NOBODY.to_owned(), "999".to_owned()),
                        activity: "999".to_owned(),
                        operation: NOBODY.to_owned(),
                        token: String::new(),
                    };
                    let thing = match whose {
                        Whose::Own => own,
                        Whose::Other => other,
                        Whose::NoOnes => &nothing,
                    };
                    let caller = match cast.callers.get(&kind.name) {
                        Some(caller) => caller.clone(),
                        None => bearer(&own.token),
                    };
                    let kind_of_body = if path == "/token" || path == "/revoke" {
                        "application/x-www-form-urlencoded"
                    } else if path == "/api/v1/packages" {
                        "application/vnd.android.package-archive"
                    } else {
                        "application/json"
                    };
                    let caller = caller.with("content-type", kind_of_body);
                    let target = named(&fill(path, group.of, thing, &parameters), thing, asked);
                    let target =
                        if query.is_empty() { target } else { format!("{target}?{}", named(query, thing, asked)) };
                    let response = cast.site.open(&caller, method, &target, named(&body, thing, asked)).await;
                    let status = response.status().as_u16();
                    let text =
                        if status == 404 || status == 400 { super::site::text(response).await } else { String::new() };
                    let expected = group.expected(kind, *whose);
                    let found = class(group, thing, status, &text);
                    let is_as_expected = if expected == Class::Hidden && group.hidden != 404 {
                        status == group.hidden
                    } else {
                        found == expected || group.needs.is_none()
                    };
                    if !is_as_expected || status == 500 {
                        let which = format!("{} {method} {path} {} {whose:?}", group.name, kind.name);
                        complaints.push(format!("{which}: {found:?} {status}, not {expected:?} {text}"));
                    }
                    if group.hidden != 404 && expected == Class::Hidden && *whose == Whose::Other {
                        let kept =
                            cast.site.get(&local(), &format!("/api/v1/devices/{}", other.id)).await.is(200).json();
                        assert_ne!(kept["status"], "REMOVED", "{} {method} {path}", kind.name);
                    }
                    asked += 1;
                }
                if group.ends {
                    cast.log_in(kind).await;
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{} of {asked}:\n{}", complaints.len(), complaints.join("\n"));
    assert!(asked > 1000, "{asked}");
}
