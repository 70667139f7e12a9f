//! Where devices enroll themselves.

use std::sync::Arc;

use super::agent::Reach;
pub use super::agent::has_agent;
use super::device::{Enrolled, begin, check_new_device, enroll};
use super::effects::Effects;
use super::enrollment_token::Pass;
use super::oauth::{DeviceCredentials, Secrets, issue_credentials};
use super::{App, Error, require};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::device::NewDevice;
use crate::model::device_type::DeviceType;
use crate::model::enrollment::Enrollment;
use crate::store::Flush;

impl App {
    /// Where agents reach this site, for anyone: whoever asks has reached it already.
    ///
    /// # Errors
    /// [`Error::Conflict`] when no HTTP door without TLS is open, [`Error::Invalid`] for a host that cannot be shown.
    pub fn enrollment(&self, reach: &Reach) -> Result<Enrollment, Error> {
        let address = reach.http().ok_or_else(|| Error::Conflict("no HTTP port is open for devices".to_owned()))?;
        let enrollment = Enrollment { address, https: reach.https(), mqtt: reach.mqtt() };
        enrollment.check().map_err(|why| Error::invalid("host", why))?;
        Ok(enrollment)
    }

    /// Every type of device, for whoever enrolls one, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `enroll`.
    pub fn enrollable_types(&self, actor: &Actor) -> Result<Vec<Arc<DeviceType>>, Error> {
        require(actor, Scope::Enroll)?;
        self.device_types(&Actor::system())
    }

    /// Enrolls a device as [`App::enroll`] does and gives it credentials, both or neither. A caller with an enrollment
    /// token enrolls what the token is for; the same device once more, before it has spoken, takes no use of it.
    ///
    /// # Errors
    /// As [`App::enroll`] and [`App::issue_device_credentials`]. With an enrollment token: [`Error::Unauthorized`] when it
    /// is revoked or expired, or its maker may not enroll any more, [`Error::Invalid`] for another type or owner,
    /// [`Error::Conflict`] when it has no use left or the device is enrolled already, [`Error::TooMany`] after many calls.
    pub async fn admit(&self, actor: &Actor, new: NewDevice) -> Result<(Enrolled, DeviceCredentials), Error> {
        let token = match actor.principal {
            Principal::EnrollmentToken { id, .. } => Some(id),
            _ => None,
        };
        match token {
            Some(id) => {
                self.inner.auth.enrollment(&id.to_string()).map_err(|retry_after| Error::TooMany { retry_after })?;
            }
            None => require(actor, Scope::Enroll)?,
        }
        check_new_device(&new)?;
        self.device_type(&Actor::system(), &new.device_type)?;
        let (app, now, by, secrets) = (self.clone(), self.inner.clock.now(), actor.clone(), Secrets::random()?);
        let (enrolled, credentials, effects, replaced) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut effects = Effects::default();
                let pass = token.map(|id| Pass::check(tx, id, &new, now)).transpose()?;
                let by = pass.as_ref().map_or_else(|| Ok(by.clone()), |pass| pass.authority(tx, &by))?;
                let mut enrolled = enroll(tx, &mut effects, &by, false, new, now)?;
                if let Some(pass) = pass {
                    pass.apply(tx, &mut enrolled, now)?;
                }
                begin(&app, tx, &mut effects, &enrolled, now)?;
                let (credentials, replaced) = issue_credentials(&app, tx, &by, enrolled.device.clone(), &secrets, now)?;
                Ok::<_, Error>((enrolled, credentials, effects, replaced))
            })
            .await?;
        self.close_revoked(replaced).await;
        self.after_enroll(&enrolled);
        self.follow(effects).await;
        Ok((enrolled, credentials))
    }
}
