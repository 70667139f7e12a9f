//! What the tests of the components share.

use warp::http::HeaderMap;

use super::Ui;
use crate::web::fields::Fields;

/// The face of a page for nobody in particular, in English.
pub(in crate::web) fn ui() -> Ui {
    Ui::of(&HeaderMap::new(), "/", &Fields::default())
}
