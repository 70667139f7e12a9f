//! Sending an operation to a device, step by step.

use crossterm::event::{KeyCode, KeyEvent};

use super::Outcome;
use crate::model::device_type::{DeviceType, Feature, Payload};
use crate::model::id::DeviceId;
use crate::tui::event::Action;
use crate::tui::state::cursor::Step;
use crate::tui::state::input::Input;
use crate::wire::operation::NewActivity;

/// Sending an operation to a device, step by step.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) device: DeviceId,
    /// `None` until the daemon has told it.
    pub(crate) device_type: Option<DeviceType>,
    /// The selected feature.
    pub(crate) row: usize,
    pub(crate) step: Stage,
}

/// How far the sending has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Which of the type's features?
    Feature,
    /// Which of its words?
    Choice { feature: Feature, choices: Vec<String>, row: usize },
    /// What text? `problem` is why the text was not taken.
    Text { feature: Feature, input: Input, problem: Option<String> },
    /// Really this?
    Confirm { feature: Feature, payload: Option<String> },
}

impl Sending {
    pub(crate) const fn new(device: DeviceId) -> Self {
        Self { device, device_type: None, row: 0, step: Stage::Feature }
    }

    /// The features that can be picked from.
    pub(crate) fn features(&self) -> &[Feature] {
        self.device_type.as_ref().map_or(&[], |device_type| &device_type.features)
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Outcome {
        match &mut self.step {
            Stage::Feature => match key.code {
                KeyCode::Esc | KeyCode::Char('q') => return Outcome::Close,
                KeyCode::Enter => {
                    if let Some(feature) = self.features().get(self.row).cloned() {
                        self.step = Stage::of(feature);
                    }
                }
                _ => {
                    if let Some(step) = Step::of(key) {
                        self.row = step.from(self.row, self.features().len());
                    }
                }
            },
            Stage::Choice { .. } | Stage::Text { .. } if key.code == KeyCode::Esc => self.step = Stage::Feature,
            Stage::Choice { feature, choices, row } => {
                if let Some(step) = Step::of(key) {
                    *row = step.from(*row, choices.len());
                } else if let (KeyCode::Enter, Some(choice)) = (key.code, choices.get(*row)) {
                    let payload = Some(choice.clone());
                    self.step = Stage::Confirm { feature: feature.clone(), payload };
                }
            }
            Stage::Text { feature, input, problem } => {
                if key.code != KeyCode::Enter {
                    input.key(key);
                    *problem = None;
                    return Outcome::Stay;
                }
                match feature.payload.check(Some(input.text())) {
                    Ok(payload) => self.step = Stage::Confirm { feature: feature.clone(), payload },
                    Err(why) => *problem = Some(why),
                }
            }
            Stage::Confirm { feature, payload } => {
                let sure = key.code == KeyCode::Char('y') || (key.code == KeyCode::Enter && !feature.confirm);
                if sure {
                    return Outcome::Do(Action::Send(NewActivity {
                        code: feature.code.clone(),
                        kind: None,
                        payload: payload.clone().map(serde_json::Value::String),
                        devices: vec![self.device],
                        expires_at: None,
                        ..NewActivity::default()
                    }));
                }
                if matches!(key.code, KeyCode::Char('n') | KeyCode::Esc) {
                    return Outcome::Close;
                }
            }
        }
        Outcome::Stay
    }
}

impl Stage {
    /// The step after a feature was picked.
    fn of(feature: Feature) -> Self {
        match &feature.payload {
            Payload::None => Self::Confirm { feature, payload: None },
            Payload::Choice { choices } => Self::Choice { choices: choices.clone(), feature, row: 0 },
            Payload::Any | Payload::Text => Self::Text { feature, input: Input::default(), problem: None },
            Payload::Json { fields, .. } => {
                let members: Vec<String> = fields.iter().map(|field| format!("{:?}: ", field.name)).collect();
                let text = format!("{{{}}}", members.join(", "));
                Self::Text { input: Input::new(&text), feature, problem: None }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;

    fn sending() -> Sending {
        let mut sending = Sending::new(sample::devices()[0].id);
        sending.device_type = Some(sample::device_type());
        sending
    }

    fn press(sending: &mut Sending, codes: &[KeyCode]) -> Outcome {
        codes.iter().map(|code| sending.key(KeyEvent::from(*code))).last().unwrap()
    }

    #[test]
    fn a_choice_is_sent_after_a_confirmation() {
        let mut sending = sending();
        let outcome = press(&mut sending, &[KeyCode::Enter, KeyCode::Down, KeyCode::Enter]);
        assert!(matches!(outcome, Outcome::Stay), "nothing is sent before the confirmation");
        let Outcome::Do(Action::Send(activity)) = press(&mut sending, &[KeyCode::Char('y')]) else { panic!() };
        assert_eq!((activity.code.as_str(), activity.payload), ("bulb", Some("OFF".into())));
        assert_eq!(activity.devices, [sending.device]);
    }

    #[test]
    fn what_interrupts_a_device_is_not_confirmed_by_enter() {
        let mut sending = sending();
        assert!(matches!(press(&mut sending, &[KeyCode::Down, KeyCode::Enter, KeyCode::Enter]), Outcome::Stay));
        assert!(matches!(press(&mut sending, &[KeyCode::Char('y')]), Outcome::Do(_)));
    }

    #[test]
    fn a_text_that_does_not_fit_is_not_taken() {
        let mut sending = sending();
        press(&mut sending, &[KeyCode::End, KeyCode::Enter, KeyCode::Enter]);
        let Stage::Text { problem: Some(problem), .. } = &sending.step else { panic!("{sending:?}") };
        assert_eq!(problem, "the payload is missing");
        press(&mut sending, &[KeyCode::Char('h'), KeyCode::Char('i'), KeyCode::Enter]);
        assert!(matches!(&sending.step, Stage::Confirm { payload: Some(text), .. } if text == "hi"));
    }

    #[test]
    fn escape_leads_back_and_then_out() {
        let mut sending = sending();
        press(&mut sending, &[KeyCode::Enter, KeyCode::Esc]);
        assert!(matches!(sending.step, Stage::Feature));
        assert!(matches!(press(&mut sending, &[KeyCode::Esc]), Outcome::Close));
    }
}
