//! Where devices enroll themselves.

use super::request::Call;
use super::{Client, Error};
use crate::wire::enrollment::Enrollment;

impl Client {
    /// Where agents reach the site.
    pub async fn enrollment(&self) -> Result<Enrollment, Error> {
        self.fetch(Call::get("/api/v1/enrollment")).await
    }
}
