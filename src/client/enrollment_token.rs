//! Enrollment tokens.

use super::request::Call;
use super::{Client, Error};
use crate::model::id::EnrollmentTokenId;
use crate::wire::Page;
use crate::wire::enrollment_token::{EnrollmentToken, EnrollmentTokenDetail, MadeEnrollmentToken, NewEnrollmentToken};

const PATH: &str = "/api/v1/enrollment/tokens";

impl Client {
    /// The caller's enrollment tokens; an operator's list holds everybody's.
    pub async fn enrollment_tokens(&self) -> Result<Page<EnrollmentToken>, Error> {
        self.fetch(Call::get(PATH)).await
    }

    /// One enrollment token, and what it enrolled.
    pub async fn enrollment_token(&self, id: EnrollmentTokenId) -> Result<EnrollmentTokenDetail, Error> {
        self.fetch(Call::get(format!("{PATH}/{id}"))).await
    }

    /// Makes an enrollment token; its secret is in the answer.
    pub async fn create_enrollment_token(&self, new: &NewEnrollmentToken) -> Result<MadeEnrollmentToken, Error> {
        self.fetch(Call::post(PATH).json(new)?).await
    }

    /// Revokes an enrollment token.
    pub async fn revoke_enrollment_token(&self, id: EnrollmentTokenId) -> Result<(), Error> {
        self.perform(Call::delete(format!("{PATH}/{id}"))).await
    }
}
