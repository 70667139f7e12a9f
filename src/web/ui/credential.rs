//! What is typed unseen, and what is shown once.

use maud::{Markup, html};

use super::Ui;
use crate::web::message::Message;

impl Ui {
    /// A password to type. `autocomplete` tells the browser's own keeper which one: `current-password` or
    /// `new-password`; of a new one, `least` bytes are needed.
    pub(in crate::web) fn password(
        &self,
        (id, name): (&str, &str),
        label: Message,
        autocomplete: &str,
        least: Option<usize>,
        hint: Option<&str>,
    ) -> Markup {
        let described = hint.map(|_| format!("{id}-hint"));
        let control = html! {
            input id=(id) name=(name) type="password" autocomplete=(autocomplete) minlength=[least]
                aria-describedby=[described] required;
        };
        self.field(id, label, &control, hint)
    }

    /// A form that the browser itself sends, and whose answer is a page, be it a refusal.
    pub(in crate::web) fn plain_form(&self, action: &str, content: &Markup) -> Markup {
        html! { form.form method="post" action=(action) { (self.token_field()) (content) } }
    }

    /// Why a form was refused, above it.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn refusal(&self, why: Option<&str>) -> Markup {
        html! { @if let Some(why) = why { p.alert role="alert" { (why) } } }
    }

    /// Lines to copy.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn copied(&self, lines: &str) -> Markup {
        html! { pre.once tabindex="0" data-copy { code { (lines) } } }
    }
}
