//! Policies as clients of the Entgra management API make, order and apply them, and what is asked of a device's.
//!
//! The words of success are the sentences that its clients look for, as JSON strings. Policies are named by number.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::app::policy::PolicyKey;
use crate::model::actor::Actor;
use crate::model::compliance::Compliance;
use crate::model::device::Ownership;
use crate::model::policy::{Effective, Mode, NewPolicy, Policy, PolicyFeature, Targets};
use crate::model::timestamp::Timestamp;

/// How many policies a page has when the request does not say.
const PAGE: usize = 20;

const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day padding:none] [month repr:short] [year] [hour]:[minute]:[second] +0000"
);

pub(super) fn routes() -> Vec<Route> {
    const BASE: &str = "/api/device-mgt/v1.0";
    vec![
        route(Method::GET, format!("{BASE}/policies"), list),
        route(Method::POST, format!("{BASE}/policies"), create),
        route(Method::POST, format!("{BASE}/policies/activate-policy"), |call| set_active(call, true)),
        route(Method::POST, format!("{BASE}/policies/deactivate-policy"), |call| set_active(call, false)),
        route(Method::POST, format!("{BASE}/policies/remove-policy"), remove),
        route(Method::PUT, format!("{BASE}/policies/apply-changes"), apply),
        route(Method::PUT, format!("{BASE}/policies/priorities"), order),
        route(Method::GET, format!("{BASE}/policies/effective-policy/{{type}}/{{id}}"), effective),
        route(Method::GET, format!("{BASE}/policies/{{id}}"), get),
        route(Method::PUT, format!("{BASE}/policies/{{id}}"), replace),
        route(Method::GET, format!("{BASE}/devices/{{type}}/{{id}}/effective-policy"), effective),
        route(Method::GET, format!("{BASE}/devices/{{type}}/{{id}}/compliance-data"), compliance),
    ]
}

/// `PolicyWrapper` of the Entgra API; members may be null.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wrapper {
    policy_name: Option<String>,
    description: Option<String>,
    compliance: Option<String>,
    ownership_type: Option<String>,
    active: Option<bool>,
    profile: Option<Profile>,
    roles: Option<Vec<String>>,
    users: Option<Vec<String>>,
    device_groups: Option<Vec<GroupRef>>,
    device_identifiers: Option<Vec<DeviceRef>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Profile {
    device_type: Option<String>,
    profile_features_list: Option<Vec<Feature>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feature {
    feature_code: String,
    #[serde(default)]
    content: Json,
}

#[derive(Debug, Deserialize)]
struct GroupRef {
    id: i64,
}

#[derive(Debug, Deserialize)]
struct DeviceRef {
    id: String,
    #[serde(rename = "type")]
    device_type: String,
}

#[derive(Debug, Deserialize)]
struct Priority {
    id: i64,
    priority: i64,
}

impl Wrapper {
    async fn read(call: &Call, actor: &Actor) -> Result<NewPolicy, Error> {
        let wrapper: Self = call.json()?;
        let profile = wrapper.profile.unwrap_or_default();
        let word = |given: Option<String>| given.filter(|word| !word.trim().is_empty());
        let compliance = word(wrapper.compliance);
        let mode = match &compliance {
            None => Mode::default(),
            Some(word) => {
                Mode::parse(word).ok_or_else(|| Error::bad("the member \"compliance\" is enforce, warn or block"))?
            }
        };
        // ANY is what the consoles call both kinds.
        let ownership = word(wrapper.ownership_type).filter(|word| !word.eq_ignore_ascii_case("ANY"));
        let ownership = match &ownership {
            None => None,
            Some(word) => Some(
                Ownership::parse(word)
                    .ok_or_else(|| Error::bad("the member \"ownershipType\" is BYOD, COPE or ANY"))?,
            ),
        };
        let mut targets = Targets {
            roles: wrapper.roles.unwrap_or_default(),
            users: wrapper.users.unwrap_or_default(),
            ownership,
            ..Targets::default()
        };
        if let Some(wanted) = wrapper.device_groups.filter(|groups| !groups.is_empty()) {
            let groups = call.app.groups(actor).await?;
            for GroupRef { id } in wanted {
                let found = groups.iter().find(|group| group.number == id);
                let found = found.ok_or_else(|| Error::bad(format!("there is no group with the id {id}")))?;
                targets.groups.push(found.id);
            }
        }
        for DeviceRef { id, device_type } in wrapper.device_identifiers.unwrap_or_default() {
            targets.devices.push(call.device(actor, &device_type, &id).await?.id);
        }
        let features = profile.profile_features_list.unwrap_or_default();
        Ok(NewPolicy {
            name: wrapper.policy_name.unwrap_or_default(),
            device_type: profile.device_type.unwrap_or_default(),
            description: wrapper.description.unwrap_or_default(),
            mode,
            targets,
            features: features.into_iter().map(PolicyFeature::from).collect(),
            active: wrapper.active,
            note: String::new(),
        })
    }
}

impl From<Feature> for PolicyFeature {
    fn from(feature: Feature) -> Self {
        Self { code: feature.feature_code, content: feature.content }
    }
}

fn key(call: &Call) -> Result<PolicyKey, Error> {
    let number = call.param(0).parse().map_err(|_| Error::bad("a policy is named by a number"))?;
    Ok(PolicyKey::Number(number))
}

fn sentence(status: StatusCode, text: &str) -> Response {
    gson::reply(status, &text)
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let offset = query.number::<usize>("offset")?.unwrap_or(0);
    let limit = query.number::<usize>("limit")?.filter(|limit| *limit > 0).unwrap_or(PAGE);
    let policies = call.app.policies(&actor).await?;
    let page: Vec<_> = policies.iter().skip(offset).take(limit).map(|policy| body(policy, None)).collect();
    Ok(gson::reply(StatusCode::OK, &json!({ "policies": page, "count": policies.len() })))
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let policy = call.app.policy(&actor, key(&call)?).await?;
    Ok(gson::reply(StatusCode::OK, &body(&policy, None)))
}

async fn create(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let new = Wrapper::read(&call, &actor).await?;
    let policy = call.app.create_policy(&actor, new).await?;
    Ok(gson::reply(StatusCode::CREATED, &body(&policy, None)))
}

async fn replace(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let new = Wrapper::read(&call, &actor).await?;
    // Activation has calls of its own.
    call.app.replace_policy(&actor, key(&call)?, NewPolicy { active: None, ..new }).await?;
    Ok(sentence(StatusCode::OK, "Policy has successfully been updated."))
}

async fn set_active(call: Call, active: bool) -> Result<Response, Error> {
    let actor = call.actor().await?;
    call.app.set_policies_active(&actor, keys(&call)?, active).await?;
    let word = if active { "activated" } else { "deactivated" };
    Ok(sentence(StatusCode::OK, &format!("Selected policies have been successfully {word}")))
}

async fn remove(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    call.app.delete_policies(&actor, keys(&call)?).await?;
    Ok(sentence(StatusCode::OK, "Policies have been successfully deleted"))
}

fn keys(call: &Call) -> Result<Vec<PolicyKey>, Error> {
    Ok(call.json::<Vec<i64>>()?.into_iter().map(PolicyKey::Number).collect())
}

async fn apply(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    call.app.apply_policies(&actor).await?;
    Ok(sentence(StatusCode::OK, "Changes have been successfully updated."))
}

async fn order(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let mut order: Vec<Priority> = call.json()?;
    order.sort_by_key(|each| each.priority);
    let keys = order.into_iter().map(|each| PolicyKey::Number(each.id)).collect();
    call.app.order_policies(&actor, keys).await?;
    Ok(sentence(StatusCode::OK, "Policy Priorities successfully updated."))
}

/// The first of the policies that make the device's, with all the features that count.
async fn effective(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let found = call.app.device_policy(&actor, device.id).await?;
    match (found.policies.first(), &found.effective) {
        (Some(policy), Some(effective)) => Ok(gson::reply(StatusCode::OK, &body(policy, Some(effective)))),
        _ => Err(Error::no_policy(&device.identifier)),
    }
}

async fn compliance(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let found = call.app.device_compliance(&actor, device.id).await?;
    let policy = call.app.device_policy(&actor, device.id).await?;
    let policy = policy.applied.and_then(|applied| applied.policies.first().copied());
    Ok(gson::reply(StatusCode::OK, &ComplianceBody::new(device.number, policy, &found)))
}

/// `Policy` of the Entgra API, by its field names.
fn body(policy: &Policy, effective: Option<&Effective>) -> Json {
    let definition = &policy.definition;
    let features = effective.map_or(&definition.features, |effective| &effective.features);
    let features: Vec<_> = features
        .iter()
        .zip(1..)
        .map(|(feature, id)| {
            json!({
                "id": id, "featureCode": feature.code, "profileId": policy.number, "deviceType": policy.device_type,
                "content": feature.content,
            })
        })
        .collect();
    let mut body = json!({
        "id": policy.number,
        "priorityId": policy.priority,
        "profileId": policy.number,
        "profile": {
            "profileId": policy.number, "profileName": policy.name, "deviceType": policy.device_type,
            "profileFeaturesList": features,
        },
        "policyName": policy.name,
        "description": definition.description,
        "compliance": definition.mode.name(),
        "active": policy.active,
        "updated": policy.changed,
        "roles": definition.targets.roles,
        "users": definition.targets.users,
        "generic": definition.targets == Targets::default(),
    });
    if let (Json::Object(members), Some(ownership)) = (&mut body, definition.targets.ownership) {
        members.insert("ownershipType".to_owned(), ownership.name().into());
    }
    body
}

/// `NonComplianceData` of the Entgra API, by its field names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComplianceBody<'a> {
    device_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_id: Option<i64>,
    /// True is compliant, which a device is until it says otherwise.
    status: bool,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_requested_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_succeeded_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failed_time: Option<String>,
    compliance_features: Vec<FeatureBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FeatureBody<'a> {
    feature_code: &'a str,
    compliance: bool,
    message: &'a str,
}

impl<'a> ComplianceBody<'a> {
    fn new(device_id: i64, policy_id: Option<i64>, found: &'a Compliance) -> Self {
        let date = |at: Option<Timestamp>| at?.to_utc()?.format(DATE).ok();
        let features = found.features.iter().map(|feature| FeatureBody {
            feature_code: &feature.code,
            compliance: feature.compliant,
            message: &feature.reason,
        });
        Self {
            device_id,
            policy_id,
            status: found.compliant != Some(false),
            attempts: found.attempts,
            last_requested_time: date(found.asked_at),
            last_succeeded_time: date(found.answered_at),
            last_failed_time: date(found.failed_at),
            compliance_features: features.collect(),
        }
    }
}
