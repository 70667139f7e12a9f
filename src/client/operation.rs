//! Operations and activities.

use super::request::{Call, paging, segment, with_query};
use super::{Client, DeviceKey, Error};
use crate::model::id::OperationId;
use crate::model::operation::OperationStatus;
use crate::wire::Page;
use crate::wire::operation::{Activity, NewActivity, Operation};

/// Which operations to list, and which page. The newest come first.
#[derive(Clone, Debug, Default)]
pub struct OperationQuery {
    pub device: Option<DeviceKey>,
    /// Any of these; empty means every status.
    pub statuses: Vec<OperationStatus>,
    pub code: Option<String>,
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

impl OperationQuery {
    fn path(&self) -> String {
        let device = self.device.iter().map(|device| ("device", device.to_string()));
        let statuses = self.statuses.iter().map(|status| ("status", status.name().to_owned()));
        let code = self.code.iter().map(|code| ("code", code.clone()));
        let page = paging(self.limit, self.cursor.as_deref());
        with_query("/api/v1/operations", device.chain(statuses).chain(code).chain(page))
    }
}

impl Client {
    /// Sends one operation to many devices.
    pub async fn send_operation(&self, activity: &NewActivity) -> Result<Activity, Error> {
        self.fetch(Call::post("/api/v1/activities").json(activity)?).await
    }

    /// The activity with that id or number.
    pub async fn activity(&self, id: &str) -> Result<Activity, Error> {
        self.fetch(Call::get(format!("/api/v1/activities/{}", segment(id)))).await
    }

    /// One page of the operations that `query` asks for.
    pub async fn operations(&self, query: &OperationQuery) -> Result<Page<Operation>, Error> {
        self.fetch(Call::get(query.path())).await
    }

    /// The operation with that id.
    pub async fn operation(&self, id: OperationId) -> Result<Operation, Error> {
        self.fetch(Call::get(format!("/api/v1/operations/{id}"))).await
    }

    /// Takes an operation back that has not ended.
    pub async fn cancel_operation(&self, id: OperationId) -> Result<Operation, Error> {
        self.fetch(Call::post(format!("/api/v1/operations/{id}/cancel"))).await
    }

    /// Sends an operation that did not succeed once more.
    pub async fn retry_operation(&self, id: OperationId) -> Result<Activity, Error> {
        self.fetch(Call::post(format!("/api/v1/operations/{id}/retry"))).await
    }
}
