//! What is installed on devices.

use super::access::reach;
use super::{App, Error};
use crate::model::actor::{Actor, Scope};
use crate::model::application::Application;
use crate::model::id::DeviceId;

impl App {
    /// What is installed on a device, as it told last, by package.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see its own).
    pub async fn applications(&self, actor: &Actor, id: DeviceId) -> Result<Vec<Application>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.applications(reach(rx, &actor, id, Scope::Read)?.number)?)).await
    }
}
