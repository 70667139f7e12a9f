//! How a device that has an agent already enrolls itself: by an address that a person gives it.

use serde::{Deserialize, Serialize};

use super::text::is_hostile;

/// The most bytes of an address: what a person can type and a small QR code can hold.
const MAX_ADDRESS: usize = 300;

/// Where agents reach this site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    /// What a person types into the Android agent: `http://host:port`. The agent trusts no authority of a site's own, so
    /// it is the door without TLS.
    pub address: String,
    /// `https://host:port`, where that door is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// `tcp://host:port`, or `ssl://host:port` where MQTT is spoken under TLS alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt: Option<String>,
}

impl Enrollment {
    /// Checks that the address can be shown and typed.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.address.len() > MAX_ADDRESS {
            return Err(format!("the address of this site has at most {MAX_ADDRESS} bytes"));
        }
        if self.address.chars().any(|c| is_hostile(c) || c.is_whitespace()) {
            return Err("the address of this site may not contain spaces or control characters".to_owned());
        }
        Ok(())
    }
}
