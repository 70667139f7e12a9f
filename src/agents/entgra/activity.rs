//! An activity as the Entgra API writes it: its keys are the field names of the Java class, its times are Java's
//! `Date.toString()`.

use serde::Serialize;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::app::operation::Named;
use crate::model::operation::{Activity, Operation, OperationKind, OperationStatus};
use crate::model::timestamp::Timestamp;

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]");

/// `Activity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityBody {
    activity_id: String,
    code: String,
    r#type: OperationKind,
    created_time_stamp: Option<String>,
    activity_status: Vec<StatusBody>,
    initiated_by: String,
}

/// `ActivityStatus`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    device_identifier: Identifier,
    status: &'static str,
    responses: Vec<ResponseBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_timestamp: Option<String>,
}

/// `DeviceIdentifier`.
#[derive(Serialize)]
struct Identifier {
    id: String,
    r#type: String,
}

/// `OperationResponse`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseBody {
    response: String,
    received_time_stamp: Option<String>,
}

impl ActivityBody {
    /// With the type and the identifier that `name` knows each operation's device by.
    pub(super) fn new(activity: &Activity, name: impl Fn(&Operation) -> (String, String)) -> Self {
        let status = |operation: &Operation| {
            let (device_type, identifier) = name(operation);
            StatusBody {
                device_identifier: Identifier { id: identifier, r#type: device_type },
                status: status_name(operation.status),
                responses: operation
                    .responses
                    .iter()
                    .map(|response| ResponseBody {
                        response: response.text.clone(),
                        received_time_stamp: date(response.at),
                    })
                    .collect(),
                updated_timestamp: date(operation.updated_at),
            }
        };
        Self {
            activity_id: format!("ACTIVITY_{}", activity.number),
            code: activity.code.clone(),
            r#type: activity.kind,
            created_time_stamp: date(activity.created_at),
            activity_status: activity.operations.iter().map(status).collect(),
            initiated_by: activity.initiated_by.clone(),
        }
    }

    /// An activity just sent, with the names that nothing was sent to: `INVALID`, or `UNAUTHORIZED` for a caller who
    /// cannot tell a device that is not there from another's.
    pub(super) fn sent(named: &Named, device_type: &str) -> Self {
        let mut body = Self::new(&named.activity, |operation| {
            let identifier = named.identifiers.get(&operation.device).cloned().unwrap_or_default();
            (device_type.to_owned(), identifier)
        });
        body.activity_status.extend(named.refused.iter().map(|name| StatusBody {
            device_identifier: Identifier { id: name.clone(), r#type: device_type.to_owned() },
            status: if named.personal { "UNAUTHORIZED" } else { "INVALID" },
            responses: Vec::new(),
            updated_timestamp: None,
        }));
        body
    }
}

/// The word for a status; the Entgra API knows neither expiry nor cancellation.
const fn status_name(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::Expired | OperationStatus::Cancelled => OperationStatus::Error.name(),
        other => other.name(),
    }
}

fn date(at: Timestamp) -> Option<String> {
    at.to_utc()?.format(DATE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_java_does() {
        assert_eq!(date(Timestamp::from_millis(1_470_232_854_603)).unwrap(), "Wed Aug 03 14:00:54 UTC 2016");
    }
}
