//! Where devices enroll themselves.

use super::agent::Reach;
use super::{App, Error};
use crate::model::enrollment::Enrollment;

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
}
