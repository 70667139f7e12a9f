//! A box that narrows what is on the page already, by the script.

use maud::{Markup, html};

use super::Ui;
use crate::web::message::Message;

impl Ui {
    /// A search box for the rows of the element `of`: table rows, or whatever carries `data-found`. Without the script it
    /// is not shown.
    pub(in crate::web) fn filter(&self, of: &str, label: Message) -> Markup {
        let id = format!("{of}-filter");
        html! {
            div.field.filter data-scripted hidden {
                label for=(id) { (self.t(label)) }
                input id=(id) type="search" data-filter=(of) autocomplete="off" aria-controls=(of);
            }
        }
    }
}
