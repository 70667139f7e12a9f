//! The UI itself: it takes one event after another and returns what the runner is to do. It does nothing itself.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::style::Style;

use super::conn::Connection;
use super::dialog::send::Sending;
use super::dialog::setup::SetupForm;
use super::dialog::{Dialog, Outcome};
use super::event::{Action, Event, Reply};
use super::state::State;
use super::state::page::Page;
use super::theme;
use crate::model::id::{DeviceId, OperationId};
use crate::model::timestamp::Timestamp;
use crate::wire::operation::Operation;
use crate::wire::watch::{Change, Delta};

/// How long a message stays in the last line.
const MESSAGE_TIME: Duration = Duration::from_secs(12);

/// A screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Screen {
    #[default]
    Overview,
    Devices,
    Operations,
    Events,
}

impl Screen {
    /// Every screen, in the order of their keys.
    pub(crate) const ALL: [Self; 4] = [Self::Overview, Self::Devices, Self::Operations, Self::Events];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Devices => "Devices",
            Self::Operations => "Operations",
            Self::Events => "Events",
        }
    }

    fn turned(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// A sentence in the last line.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) style: Style,
    /// `None` stays until another takes its place.
    until: Option<Timestamp>,
}

/// All that the UI knows, and where the person is in it.
#[derive(Debug, Default)]
pub(crate) struct App {
    pub(crate) state: State,
    pub(crate) connection: Connection,
    pub(crate) screen: Screen,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) message: Option<Message>,
    /// The operation sent last, until it has come to its end.
    followed: Option<OperationId>,
    /// This machine's clock.
    local: Timestamp,
    /// Milliseconds that the daemon's clock is ahead of this machine's.
    ahead: i64,
}

impl App {
    /// The time by this machine's clock.
    pub(crate) const fn local(&self) -> Timestamp {
        self.local
    }

    /// The time by the daemon's clock, which every time in the state is of.
    pub(crate) const fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.local.millis().saturating_add(self.ahead))
    }

    /// Takes an event at `local` time; returns what is to be done.
    pub(crate) fn update(&mut self, event: Event, local: Timestamp) -> Vec<Action> {
        let second = matches!(event, Event::Tick);
        let mut actions = self.take(event, local);
        actions.extend(self.state.devices.question(second).map(Action::Find));
        actions
    }

    fn take(&mut self, event: Event, local: Timestamp) -> Vec<Action> {
        self.local = local;
        if self.message.as_ref().and_then(|message| message.until).is_some_and(|until| until < local) {
            self.message = None;
        }
        match event {
            Event::Key(key) => return self.key(key),
            Event::Quit => return vec![Action::Quit],
            Event::Tick | Event::Resized => {}
            Event::Connection(connection) => self.connection = connection,
            Event::Snapshot(snapshot) => {
                self.connection = Connection::Connected;
                self.set_clock(snapshot.at);
                self.state.snapshot(*snapshot);
                // What happened to an open page's device meanwhile is not in the snapshot.
                return self.state.page.iter().map(|page| Action::Device(page.device)).collect();
            }
            Event::Delta(delta) => return self.delta(delta),
            Event::Reply(reply) => return self.reply(reply),
        }
        Vec::new()
    }

    fn set_clock(&mut self, daemon: Timestamp) {
        self.ahead = daemon.millis().saturating_sub(self.local.millis());
    }

    fn delta(&mut self, delta: Delta) -> Vec<Action> {
        self.set_clock(delta.at);
        let followed = self.followed;
        let moved = delta
            .changes
            .iter()
            .any(|change| matches!(change, Change::Operation { operation } if Some(operation.id) == followed));
        let standing =
            |page: &Page| page.detail.as_ref().map(|detail| (detail.device.status, detail.device.updated_at));
        let before = self.state.page.as_ref().map(|page| (standing(page), page.metrics.len()));
        self.state.delta(delta);
        if moved {
            self.report();
        }
        let Some(page) = &self.state.page else { return Vec::new() };
        // Its history has a new line, its facts are others, or a metric is new whose title only the daemon knows.
        let asked = before.is_none_or(|(standing, _)| standing.is_none());
        if !asked && before != Some((standing(page), page.metrics.len())) {
            vec![Action::Device(page.device)]
        } else {
            Vec::new()
        }
    }

    fn reply(&mut self, reply: Reply) -> Vec<Action> {
        match reply {
            Reply::Device(id, answer) => {
                let Some(page) = self.state.page_of(id) else { return Vec::new() };
                match answer {
                    Ok(detail) => {
                        let metrics = page.detail(*detail);
                        return if metrics.is_empty() { Vec::new() } else { vec![Action::Series(id, metrics)] };
                    }
                    Err(why) => page.problem = Some(why),
                }
            }
            Reply::Found(text, answer) => self.state.devices.answer(text, answer),
            Reply::Operations(id, operations) => {
                if let Some(page) = self.state.page_of(id) {
                    for operation in operations {
                        page.operations.put(operation);
                    }
                }
            }
            Reply::Series(id, series) => {
                if let Some(page) = self.state.page_of(id) {
                    page.series(&series);
                }
            }
            Reply::DeviceType(id, answer) => match (&mut self.dialog, answer) {
                (Some(Dialog::Send(sending)), Ok(device_type)) if sending.device == id => {
                    sending.device_type = Some(*device_type);
                }
                (Some(Dialog::Send(sending)), Err(why)) if sending.device == id => {
                    self.dialog = None;
                    self.say(why, theme::BAD);
                }
                _ => {}
            },
            Reply::Sent(Ok(activity)) => {
                self.followed = activity.operations.first().map(|operation| operation.id);
                for operation in activity.operations {
                    self.put(operation);
                }
                self.report();
            }
            Reply::Cancelled(Ok(operation)) => {
                self.followed = Some(operation.id);
                self.put(*operation);
                self.report();
            }
            Reply::SetUp(Ok(name)) => self.say(format!("{name} is the first administrator"), theme::GOOD),
            Reply::Sent(Err(why)) | Reply::Cancelled(Err(why)) | Reply::SetUp(Err(why)) | Reply::Failed(why) => {
                self.say(why, theme::BAD);
            }
        }
        Vec::new()
    }

    fn put(&mut self, operation: Operation) {
        if let Some(page) = self.state.page_of(operation.device) {
            page.operations.put(operation.clone());
        }
        self.state.operations.put(operation);
    }

    /// Says in the last line how far the followed operation has come.
    fn report(&mut self) {
        let Some(operation) = self.followed.and_then(|id| self.state.operations.get(id)) else { return };
        let (mark, style) = theme::operation(operation.status);
        let answer = operation.responses.last().map_or(operation.reason.as_str(), |response| response.text.as_str());
        let detail = if answer.is_empty() { String::new() } else { format!(": {answer}") };
        let text = format!(
            "{mark} {} to {}, {}{detail}",
            what(operation),
            self.state.devices.name(operation.device),
            theme::operation_word(operation.status)
        );
        let until = operation.status.is_final().then(|| self.local.plus(MESSAGE_TIME));
        if until.is_some() {
            self.followed = None;
        }
        self.message = Some(Message { text, style, until });
    }

    fn say(&mut self, text: String, style: Style) {
        self.message = Some(Message { text, style, until: Some(self.local.plus(MESSAGE_TIME)) });
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Action> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return vec![Action::Quit],
                KeyCode::Char('l') => return vec![Action::Repaint],
                _ => {}
            }
        }
        if let Some(dialog) = &mut self.dialog {
            let outcome = dialog.key(key);
            if !matches!(outcome, Outcome::Stay) {
                self.dialog = None;
            }
            let Outcome::Do(action) = outcome else { return Vec::new() };
            self.say("asking the daemon …".to_owned(), theme::DIM);
            return vec![action];
        }
        if self.typing() {
            self.list_key(key);
            return Vec::new();
        }
        match key.code {
            KeyCode::Char('q') => return vec![Action::Quit],
            KeyCode::Char('?') => self.dialog = Some(Dialog::Help),
            KeyCode::Char('r') if !self.connection.is_connected() => return vec![Action::Retry],
            KeyCode::Char(digit @ '1'..='4') => {
                let row = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
                self.show(Screen::ALL.get(row).copied().unwrap_or_default());
            }
            KeyCode::Tab => self.show(self.screen.turned(1)),
            KeyCode::BackTab => self.show(self.screen.turned(Screen::ALL.len() - 1)),
            KeyCode::Char('o') => return self.send(),
            KeyCode::Char('c') => self.cancel(),
            KeyCode::Char('a') if self.screen == Screen::Overview => self.set_up(),
            KeyCode::Enter => return self.open(),
            KeyCode::Esc if self.state.page.is_some() => self.state.page = None,
            KeyCode::Esc if self.message.is_some() => self.message = None,
            _ => self.list_key(key),
        }
        Vec::new()
    }

    /// Whether keys are letters of a filter.
    fn typing(&self) -> bool {
        self.state.page.is_none()
            && match self.screen {
                Screen::Devices => self.state.devices.typing,
                Screen::Operations => self.state.operations.typing,
                Screen::Overview | Screen::Events => false,
            }
    }

    fn list_key(&mut self, key: KeyEvent) {
        let State { page, devices, operations, notices, .. } = &mut self.state;
        match (page, self.screen) {
            (Some(page), _) => page.key(key, devices),
            (None, Screen::Devices) => devices.key(key),
            (None, Screen::Operations) => operations.key(key, devices),
            (None, Screen::Events) => notices.key(key),
            (None, Screen::Overview) => false,
        };
    }

    fn show(&mut self, screen: Screen) {
        self.screen = screen;
        self.state.page = None;
    }

    /// The device that the person has in view.
    fn device(&self) -> Option<DeviceId> {
        match (&self.state.page, self.screen) {
            (Some(page), _) => Some(page.device),
            (None, Screen::Devices) => self.state.devices.selected().map(|device| device.id),
            (None, Screen::Operations) => {
                self.state.operations.selected(&self.state.devices).map(|operation| operation.device)
            }
            (None, Screen::Events) => self.state.notices.selected().and_then(|notice| notice.device),
            (None, Screen::Overview) => None,
        }
    }

    /// The operation that the person has in view.
    fn operation(&self) -> Option<&Operation> {
        match (&self.state.page, self.screen) {
            (Some(page), _) => page.operation(&self.state.devices),
            (None, Screen::Operations) => self.state.operations.selected(&self.state.devices),
            _ => None,
        }
    }

    fn open(&mut self) -> Vec<Action> {
        if let Some(operation) = self.operation() {
            self.dialog = Some(Dialog::Operation(operation.id, 0));
            return Vec::new();
        }
        if self.state.page.is_some() {
            return Vec::new();
        }
        if self.screen == Screen::Overview {
            self.show(Screen::Devices);
            return Vec::new();
        }
        let Some(device) = self.device() else { return Vec::new() };
        self.state.page = Some(Page::new(device, self.state.operations.of(device)));
        vec![Action::Device(device)]
    }

    fn send(&mut self) -> Vec<Action> {
        let Some(device) = self.device().and_then(|id| self.state.devices.get(id)) else {
            self.say("select a device to send an operation to".to_owned(), theme::WARN);
            return Vec::new();
        };
        let ask = Action::DeviceType(device.id, device.device_type.clone());
        self.dialog = Some(Dialog::Send(Box::new(Sending::new(device.id))));
        vec![ask]
    }

    fn set_up(&mut self) {
        let status = &self.state.board.status;
        if let Some(code) = status.setup_code.as_deref().filter(|_| status.setup_needed) {
            self.dialog = Some(Dialog::Setup(SetupForm::new(code)));
        }
    }

    fn cancel(&mut self) {
        match self.operation().map(|operation| (operation.id, operation.status)) {
            Some((id, status)) if !status.is_final() => self.dialog = Some(Dialog::Cancel(id)),
            Some((_, status)) => {
                self.say(format!("the operation is {} already", theme::operation_word(status)), theme::WARN);
            }
            None => self.say("select an operation to cancel".to_owned(), theme::WARN),
        }
    }
}

/// An operation in words: its code and payload.
pub(crate) fn what(operation: &Operation) -> String {
    match &operation.payload {
        Some(payload) if !payload.is_empty() => format!("{} {payload}", operation.code),
        _ => operation.code.clone(),
    }
}

#[cfg(test)]
mod tests;
