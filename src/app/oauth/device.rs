//! A device's own application: the client, and the tokens that its agent comes with.

use std::fmt;
use std::time::Duration;

use super::grant::{ClientCredentials, TokenGrant};
use super::{Issue, Secrets, new_client};
use crate::app::device::check_takeover;
use crate::app::{App, Error, require};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::device::Device;
use crate::model::id::DeviceId;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Revoked, Tx};

/// The most applications of one device: each download of its agent makes one, and replaces the oldest.
pub(in crate::app) const MAX_CLIENTS_PER_DEVICE: u32 = 3;

/// All that a device needs to speak with Pym; shown this once.
pub struct DeviceCredentials {
    pub client_id: String,
    pub client_secret: String,
    pub access_token: String,
    /// Never expires, and stays good however often it is used.
    pub refresh_token: String,
    pub expires_in: Duration,
}

impl fmt::Debug for DeviceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl App {
    /// Makes an application for the device, with an access token and a refresh token that never expires. At most
    /// three applications of a device are valid; the oldest gives way, and what it had open is ended.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a caller who neither owns the device nor has the scope `enroll` (and, for a device in use
    /// of another owner, the scope `operate`), [`Error::NotFound`],
    /// [`Error::Conflict`] when the device is blocked or removed.
    pub async fn issue_device_credentials(&self, actor: &Actor, id: DeviceId) -> Result<DeviceCredentials, Error> {
        let (app, by, now) = (self.clone(), actor.clone(), self.inner.clock.now());
        let secrets = Secrets::random()?;
        let (credentials, replaced) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let device = tx.device(id)?;
                let own = device.as_ref().is_some_and(
                    |device| matches!(&by.principal, Principal::User { name, .. } if *name == device.owner),
                );
                if !own {
                    require(&by, Scope::Enroll)?;
                }
                let device = device.ok_or_else(|| Error::missing(format!("the device {id}")))?;
                check_takeover(&by, &device)?;
                issue(&app, tx, &by, device, &secrets, now)
            })
            .await?;
        self.close_revoked(replaced).await;
        Ok(credentials)
    }
}

/// Makes an application for a device, in a transaction that has checked that the caller may have it. Also returns what
/// gave way to it.
pub(in crate::app) fn issue(
    app: &App,
    tx: &Tx<'_>,
    by: &Actor,
    device: Device,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<(DeviceCredentials, Revoked), Error> {
    if !device.status.may_speak() {
        return Err(Error::Conflict(format!("the device is {}", device.status.name())));
    }
    let device_type = app.device_type(&Actor::system(), &device.device_type)?;
    let ttl = device_type
        .token_days
        .map_or(app.inner.settings.access_token_ttl, |days| Duration::from_hours(24 * u64::from(days)));
    let replaced = tx.trim_device_clients(device.number, MAX_CLIENTS_PER_DEVICE)?;
    let name = format!("{}_{}", device.device_type, device.identifier);
    let (client, credentials) = new_client(name, device.owner, Some(device.number), now)?;
    tx.insert_client(&client)?;
    let issue = Issue::with_refresh(&client, client.owner.clone(), format!("device_{}", client.name));
    let grant = issue.write(tx, now, ttl, client.id, secrets)?;
    tx.audit(now, by, "device.credentials", &client.name, Outcome::Done, "")?;
    let ClientCredentials { client_id, client_secret } = credentials;
    let TokenGrant { access_token, expires_in, .. } = grant;
    let refresh_token = secrets.refresh.expose().to_owned();
    Ok((DeviceCredentials { client_id, client_secret, access_token, refresh_token, expires_in }, replaced))
}
