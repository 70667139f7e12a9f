//! People: setup, login, sessions, API tokens.

use super::App;

impl App {
    /// Whether the first administrator has yet to be set up.
    #[must_use]
    pub fn setup_needed(&self) -> bool {
        false
    }

    /// The one-time code for that.
    #[must_use]
    pub fn setup_code(&self) -> Option<String> {
        None
    }
}
