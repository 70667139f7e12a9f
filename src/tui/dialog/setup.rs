//! Making the first administrator.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent};

use super::Outcome;
use crate::tui::event::Action;
use crate::tui::state::input::Input;
use crate::wire::admin::Setup;

/// What is asked for: a name, and a password twice.
pub(crate) struct SetupForm {
    /// The site's one-time code.
    code: String,
    pub(crate) fields: [(&'static str, Input); 3],
    /// The field that takes the keys.
    pub(crate) focus: usize,
    pub(crate) problem: Option<&'static str>,
}

impl SetupForm {
    pub(crate) fn new(code: &str) -> Self {
        let fields = [("name", Input::new("admin")), ("password", Input::default()), ("again", Input::default())];
        Self { code: code.to_owned(), fields, focus: 0, problem: None }
    }

    /// Whether a field's text is hidden.
    pub(crate) const fn is_secret(field: usize) -> bool {
        field > 0
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Outcome {
        let last = self.fields.len() - 1;
        match key.code {
            KeyCode::Esc => return Outcome::Close,
            KeyCode::Enter if self.focus == last => return self.submit(),
            KeyCode::Enter | KeyCode::Tab | KeyCode::Down => self.focus = (self.focus + 1).min(last),
            KeyCode::BackTab | KeyCode::Up => self.focus = self.focus.saturating_sub(1),
            _ => {
                self.problem = None;
                if let Some((_, input)) = self.fields.get_mut(self.focus) {
                    input.key(key);
                }
            }
        }
        Outcome::Stay
    }

    fn submit(&mut self) -> Outcome {
        let [name, password, again] = self.fields.each_ref().map(|(_, input)| input.text());
        self.problem = if name.is_empty() || password.is_empty() {
            Some("a name and a password are needed")
        } else if password != again {
            Some("the two passwords differ")
        } else {
            let (code, name, password) = (self.code.clone(), name.to_owned(), password.to_owned());
            return Outcome::Do(Action::Setup(Setup { code, name, password }));
        };
        Outcome::Stay
    }
}

/// A password is in it.
impl fmt::Debug for SetupForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupForm").field("focus", &self.focus).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(form: &mut SetupForm, keys: &str) -> Outcome {
        let key = |c| KeyEvent::from(if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) });
        keys.chars().map(|c| form.key(key(c))).last().unwrap()
    }

    #[test]
    fn the_password_is_typed_twice_and_not_told() {
        let mut form = SetupForm::new("CODE");
        assert!(matches!(typed(&mut form, "\nsecret\nother\n"), Outcome::Stay));
        assert_eq!(form.problem, Some("the two passwords differ"));
        assert!(!format!("{form:?}").contains("secret"));
        for _ in 0.."other".len() {
            form.key(KeyEvent::from(KeyCode::Backspace));
        }
        let Outcome::Do(Action::Setup(setup)) = typed(&mut form, "secret\n") else { panic!("{form:?}") };
        assert_eq!((setup.code, setup.name, setup.password), ("CODE".into(), "admin".into(), "secret".into()));
    }
}
