//! Forms and what they are made of, and what a list shows when it is empty or goes on.

use maud::{Markup, html};

use super::icon::{self, icon};
use super::{TOKEN, Ui};
use crate::web::message::{Message, general};

impl Ui {
    /// A form that changes something: sent without a reload where the script runs, and by itself where not.
    pub(in crate::web) fn form(&self, action: &str, content: Markup) -> Markup {
        self.form_classed(action, "form", content)
    }

    /// As [`Ui::form`], with classes of the style sheet in the place of `form`.
    #[expect(clippy::needless_pass_by_value, reason = "what is in a form is drawn in its place")]
    pub(in crate::web) fn form_classed(&self, action: &str, classes: &str, content: Markup) -> Markup {
        html! {
            form class=(classes) method="post" action=(action) data-send {
                (self.token_field())
                (content)
            }
        }
    }

    /// The hidden field that shows that a page of this session made the form.
    pub(in crate::web) fn token_field(&self) -> Markup {
        html! { @if !self.0.token.is_empty() { input type="hidden" name=(TOKEN) value=(self.0.token); } }
    }

    /// One button that is a form of its own.
    pub(in crate::web) fn action(&self, action: &str, label: Message, classes: &str) -> Markup {
        self.form_classed(action, "inline", html! { button class=(classes) { (self.t(label)) } })
    }

    /// As [`Ui::action`], after a question.
    pub(in crate::web) fn action_asked(&self, action: &str, label: Message, classes: &str, question: &str) -> Markup {
        let button = html! { button class=(classes) data-confirm=(question) { (self.t(label)) } };
        self.form_classed(action, "inline", button)
    }

    /// A control with its label above and a hint below. The control's `id` is `id`, and `aria-describedby` of one with a
    /// hint is `{id}-hint`.
    pub(in crate::web) fn field(&self, id: &str, label: Message, control: &Markup, hint: Option<&str>) -> Markup {
        html! {
            div.field {
                label for=(id) { (self.t(label)) }
                (control)
                @if let Some(hint) = hint { p.hint id={ (id) "-hint" } { (hint) } }
            }
        }
    }

    /// A line of text to type, of that type (`text`, `password`, `number`, …).
    pub(in crate::web) fn input(
        &self,
        kind: &str,
        name: &str,
        label: Message,
        value: &str,
        hint: Option<&str>,
    ) -> Markup {
        self.line(kind, name, label, value, hint, false)
    }

    /// As [`Ui::input`], which has to be filled.
    pub(in crate::web) fn input_required(
        &self,
        kind: &str,
        name: &str,
        label: Message,
        value: &str,
        hint: Option<&str>,
    ) -> Markup {
        self.line(kind, name, label, value, hint, true)
    }

    fn line(&self, kind: &str, name: &str, label: Message, value: &str, hint: Option<&str>, required: bool) -> Markup {
        let described = hint.map(|_| format!("{name}-hint"));
        let control = html! {
            input id=(name) name=(name) type=(kind) value=(value) aria-describedby=[described] required[required];
        };
        self.field(name, label, &control, hint)
    }

    /// A form that deletes something once its name is typed; [`Call::confirmed`](crate::web::call::Call::confirmed)
    /// checks it. The label or the hint tells the name; a question is asked by the script besides.
    pub(in crate::web) fn delete_form(
        &self,
        action: &str,
        label: &str,
        hint: Option<&str>,
        button: Message,
        question: Option<&str>,
    ) -> Markup {
        let described = hint.map(|_| "confirm-hint");
        self.form(
            action,
            html! {
                div.field {
                    label for="confirm" { (label) }
                    input #confirm name="confirm" type="text" autocomplete="off" autocapitalize="none"
                        aria-describedby=[described] required;
                    @if let Some(hint) = hint { p.hint #confirm-hint { (hint) } }
                }
                button.button.danger data-confirm=[question] { (self.t(button)) }
            },
        )
    }

    /// A choice of one among several: values and what they are called.
    pub(in crate::web) fn select(&self, name: &str, label: Message, options: &[(&str, &str)], chosen: &str) -> Markup {
        let control = html! {
            select id=(name) name=(name) {
                @for (value, text) in options { option value=(value) selected[*value == chosen] { (text) } }
            }
        };
        self.field(name, label, &control, None)
    }

    /// A box to tick, with its label beside it.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn tick(&self, name: &str, value: &str, label: &str, ticked: bool) -> Markup {
        html! { label.tick { input type="checkbox" name=(name) value=(value) checked[ticked]; span { (label) } } }
    }

    /// What a list shows in the place of rows: what that means, and what to do about it.
    pub(in crate::web) fn empty(&self, title: Message, hint: Message, action: Option<(&str, Message)>) -> Markup {
        html! {
            div.empty {
                (icon(icon::EMPTY))
                p.empty-title { (self.t(title)) }
                p.muted { (self.t(hint)) }
                @if let Some((address, label)) = action { p { a.button.primary href=(address) { (self.t(label)) } } }
            }
        }
    }

    /// A table or something else that may be wider than the page: it scrolls by itself, by the keyboard too, and is a group,
    /// rather than a landmark, named for those who do not see it.
    #[expect(clippy::unused_self, reason = "as the other components")]
    #[expect(clippy::needless_pass_by_value, reason = "what is in it is drawn in its place")]
    pub(in crate::web) fn scroll(&self, label: &str, content: Markup) -> Markup {
        html! { div.scroll role="group" tabindex="0" aria-label=(label) { (content) } }
    }

    /// The ways through a list by cursor: back to its beginning, and on.
    pub(in crate::web) fn pager(&self, next: Option<&str>) -> Markup {
        let further = self.query().has("cursor");
        html! {
            @if further || next.is_some() {
                nav.pager aria-label=(self.t(general::PAGES)) {
                    @if further { a.button.quiet href=(self.here_with("cursor", None)) { (self.t(general::FIRST_PAGE)) } }
                    @if let Some(next) = next {
                        a.button href=(self.here_with("cursor", Some(next))) rel="next" { (self.t(general::NEXT_PAGE)) }
                    }
                }
            }
        }
    }

    /// How much of something is used, as a bar; its colour follows from that.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn meter(&self, label: &str, percent: u64) -> Markup {
        html! { meter min="0" max="100" low="75" high="90" optimum="0" value=(percent) aria-label=(label) { (percent) " %" } }
    }
}
