//! Sending once more what did not succeed.

use super::known_operation;
use crate::app::{App, Error};
use crate::model::actor::{Actor, Scope};
use crate::model::id::OperationId;
use crate::model::operation::{Activity, NewActivity};
use crate::model::policy::is_policy;

impl App {
    /// Sends an operation that failed, expired or was called off once more, to its device, as a new activity. A command
    /// that waits already is not sent twice.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for one that is under way, went well or carried a policy, and as
    /// [`App::send`].
    pub async fn retry(&self, actor: &Actor, id: OperationId) -> Result<Activity, Error> {
        let by = actor.clone();
        let failed = self.inner.store.read(move |rx| known_operation(rx, &by, id, Scope::Operate)).await?;
        if !failed.status.may_be_retried() {
            let why = format!("the operation is {}; only what did not succeed is sent again", failed.status.name());
            return Err(Error::Conflict(why));
        }
        if is_policy(&failed.code) {
            // It may have changed since.
            return Err(Error::Conflict("a policy is not sent again as it was; apply the policies".to_owned()));
        }
        let new = NewActivity {
            code: failed.code,
            kind: Some(failed.kind),
            payload: failed.payload,
            devices: vec![failed.device],
            expires_at: None,
        };
        let mut checked = self.check_activity(actor, new).await?;
        checked.retries = Some(failed.number);
        self.send_checked(actor, checked).await
    }
}
