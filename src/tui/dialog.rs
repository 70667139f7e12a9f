//! What stands in front of the screen and takes the keys: help, an operation's detail, sending, cancelling,
//! setting up.

pub(crate) mod send;
pub(crate) mod setup;

use crossterm::event::{KeyCode, KeyEvent};

use self::send::Sending;
use self::setup::SetupForm;
use super::event::Action;
use super::state::cursor::Step;
use crate::model::id::OperationId;

/// A dialog.
#[derive(Debug)]
pub(crate) enum Dialog {
    Help,
    /// All that is known of an operation; the number is the first line shown.
    Operation(OperationId, usize),
    /// Shall this operation be cancelled?
    Cancel(OperationId),
    Send(Box<Sending>),
    Setup(SetupForm),
}

/// What becomes of a dialog after a key.
#[derive(Debug)]
pub(crate) enum Outcome {
    Stay,
    Close,
    /// Close it, and do this.
    Do(Action),
}

impl Dialog {
    /// Takes a key. A dialog takes every key.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Outcome {
        match self {
            Self::Help => Outcome::Close,
            Self::Operation(_, first) => match (key.code, Step::of(key)) {
                (KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q'), _) => Outcome::Close,
                // The view knows how many lines there are, and stops at the last.
                (_, Some(step)) => {
                    *first = step.from(*first, usize::from(u16::MAX));
                    Outcome::Stay
                }
                _ => Outcome::Stay,
            },
            Self::Cancel(id) => match key.code {
                KeyCode::Char('y') => Outcome::Do(Action::Cancel(*id)),
                KeyCode::Char('n') | KeyCode::Esc => Outcome::Close,
                _ => Outcome::Stay,
            },
            Self::Send(sending) => sending.key(key),
            Self::Setup(form) => form.key(key),
        }
    }
}
