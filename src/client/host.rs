//! The gateway: how the daemon and its board stand.

use super::request::Call;
use super::{Client, Error};
use crate::wire::admin::Whoami;
use crate::wire::host::{Host, Status};

impl Client {
    /// How the daemon stands.
    pub async fn status(&self) -> Result<Status, Error> {
        self.fetch(Call::get("/api/v1/status")).await
    }

    /// The board's facts and its load now.
    pub async fn host(&self) -> Result<Host, Error> {
        self.fetch(Call::get("/api/v1/host")).await
    }

    /// Whom the daemon takes the caller for.
    pub async fn whoami(&self) -> Result<Whoami, Error> {
        self.fetch(Call::get("/api/v1/whoami")).await
    }

    /// Succeeds when the daemon is ready to serve.
    pub async fn ready(&self) -> Result<(), Error> {
        self.perform(Call::get("/readyz")).await
    }
}
