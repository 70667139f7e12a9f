//! Finding devices by conditions: `search-devices` of the Entgra management API, put in the words of Pym's own queries.

use serde::Deserialize;
use warp::http::Method;
use warp::reply::Response;

use super::call::{Call, echo};
use super::device::{page, reply_with};
use super::errors::Error;
use super::routes::{Route, route};
use crate::model::device::DeviceFilter;
use crate::model::facts::compact_name;
use crate::model::query::{Field, MAX_VALUES, Op, Query};

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::POST, "/api/device-mgt/v1.0/devices/search-devices", search)]
}

/// `SearchContext`.
#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    conditions: Option<Vec<Condition>>,
}

/// `Condition`; members may be null.
#[derive(Deserialize)]
struct Condition {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    operator: Option<String>,
    #[serde(default)]
    state: Option<String>,
}

async fn search(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let context: Context = call.json()?;
    let query = read(&context.conditions.unwrap_or_default())?;
    let filter = DeviceFilter { query: Some(query), ..DeviceFilter::default() };
    let found = page(&call, &actor, filter).await?;
    reply_with(&call, &actor, found).await
}

/// Every condition of the state AND holds, and at least one of those with OR; the state of a single one means nothing.
fn read(conditions: &[Condition]) -> Result<Query, Error> {
    if conditions.len() > MAX_VALUES {
        return Err(Error::bad(format!("a search has at most {MAX_VALUES} conditions")));
    }
    let (mut all, mut any) = (Vec::new(), Vec::new());
    for condition in conditions {
        let term = condition.read()?;
        match condition.state.as_deref().unwrap_or("AND") {
            state if state.eq_ignore_ascii_case("AND") || state.is_empty() => all.push(term),
            state if state.eq_ignore_ascii_case("OR") => any.push(term),
            other => return Err(Error::bad(format!("the member \"state\" is AND or OR, not {:?}", echo(other)))),
        }
    }
    if !any.is_empty() {
        all.push(Query::any(any));
    }
    Ok(Query::all(all))
}

impl Condition {
    fn read(&self) -> Result<Query, Error> {
        let key = self.key.as_deref().unwrap_or_default().trim();
        let field = match key {
            "" => return Err(Error::bad("a condition needs the member \"key\"")),
            "deviceModel" => Field::Model,
            "vendor" => Field::Vendor,
            "osVersion" => Field::Os,
            "batteryLevel" => Field::Battery,
            // Places are kept as coordinates, without addresses.
            "location" => return Err(Error::bad("devices cannot be searched by the key \"location\"")),
            name if DETAILS.contains(&name) => Field::Property(compact_name(name)),
            name => Field::Property(name.to_owned()),
        };
        let (op, negated) = match self.operator.as_deref().unwrap_or("=").trim() {
            "=" | "" => (Op::Is, false),
            "!=" | "<>" => (Op::Is, true),
            "%" => (Op::Like, false),
            "<" => (Op::Less, false),
            "<=" => (Op::AtMost, false),
            ">" => (Op::More, false),
            ">=" => (Op::AtLeast, false),
            other => return Err(Error::bad(format!("there is no operator {:?}", echo(other)))),
        };
        let words = [self.value.clone().unwrap_or_default()];
        let term = field.term(op, &words).map_err(|why| Error::bad(format!("the key {:?}: {why}", echo(key))))?;
        Ok(if negated { Query::Not(Box::new(term)) } else { term })
    }
}

/// The other keys that the Entgra server keeps in columns of their own.
const DETAILS: [&str; 11] = [
    "osBuildDate",
    "internalTotalMemory",
    "internalAvailableMemory",
    "externalTotalMemory",
    "externalAvailableMemory",
    "connectionType",
    "ssid",
    "cpuUsage",
    "totalRAMMemory",
    "availableRAMMemory",
    "pluggedIn",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(json: &str) -> Result<String, String> {
        let context: Context = serde_json::from_str(json).unwrap();
        match read(&context.conditions.unwrap_or_default()) {
            Ok(query) => Ok(query.to_string()),
            Err(error) => Err(error.detail().to_owned()),
        }
    }

    #[test]
    fn conditions_are_queries() {
        let cases = [
            ("{}", ""),
            (r#"{"conditions":null}"#, ""),
            (r#"{"conditions":[{"key":"deviceModel","value":"Pixel","operator":"%","state":"OR"}]}"#, "model:Pixel"),
            (r#"{"conditions":[{"key":"vendor","value":"Acme","operator":"!="}]}"#, "-vendor=Acme"),
            (
                r#"{"conditions":[{"key":"osVersion","value":"9","operator":"<","state":"AND"},
                    {"key":"batteryLevel","value":"20","operator":"<","state":"OR"},
                    {"key":"ssid","value":"lobby","operator":"=","state":"OR"}]}"#,
                "os<9 (battery<20 or prop.WIFI_SSID=lobby)",
            ),
            (r#"{"conditions":[{"key":"IMEI","value":"35","operator":"=","state":"AND"}]}"#, "prop.IMEI=35"),
        ];
        for (json, expected) in cases {
            assert_eq!(words(json).as_deref(), Ok(expected), "{json}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told() {
        let cases = [
            (r#"{"conditions":[{"value":"x"}]}"#, "key"),
            (r#"{"conditions":[{"key":"vendor","value":"x","operator":"; DROP"}]}"#, "operator"),
            (r#"{"conditions":[{"key":"vendor","value":"x","operator":"=","state":"XOR"}]}"#, "state"),
            (r#"{"conditions":[{"key":"batteryLevel","value":"full","operator":"<"}]}"#, "batteryLevel"),
            (r#"{"conditions":[{"key":"vendor","value":"x","operator":"<"}]}"#, "vendor"),
            (r#"{"conditions":[{"key":"location","value":"Colombo","operator":"="}]}"#, "location"),
        ];
        for (json, expected) in cases {
            let told = words(json).unwrap_err();
            assert!(told.contains(expected), "{json}: {told}");
        }
    }
}
