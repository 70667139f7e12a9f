//! Settings that people change while the site runs: of the platform, or of a device type.

use serde::{Deserialize, Serialize};

/// The area of the platform itself; every other area is the name of a device type.
pub const GENERAL: &str = "general";
/// The setting of the platform that names this site to people, at most [`MAX_SITE_NAME`] bytes.
pub const SITE_NAME: &str = "site.name";
/// See [`SITE_NAME`].
pub const MAX_SITE_NAME: usize = 100;
/// The most settings of an area.
pub const MAX_SETTINGS: usize = 100;
/// The most bytes of a setting's value: room for a licence agreement.
pub const MAX_VALUE: usize = 64 * 1024;

/// How often an agent asks for operations, or, of the platform, how often compliance is checked; in milliseconds.
pub const NOTIFIER_FREQUENCY: &str = "notifierFrequency";
/// How an agent hears of operations: 1 by asking, 2 by the push service of its maker.
pub const NOTIFIER_TYPE: &str = "notifierType";
/// What the owner of an Android device has to agree to.
pub const ANDROID_EULA: &str = "androidEula";

/// The bounds and the default of [`NOTIFIER_FREQUENCY`].
const MIN_FREQUENCY: u64 = 1000;
const MAX_FREQUENCY: u64 = 86_400_000;
const DEFAULT_FREQUENCY: u64 = 60_000;

/// One setting, by the names that the Entgra API has for them. Those that Pym does not know are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Letters, digits, `_`, `-` and `.`; unique within its area.
    pub name: String,
    /// At most [`MAX_VALUE`] bytes.
    pub value: String,
    /// What kind of text the value is; `text` where nobody says.
    #[serde(default = "text")]
    pub content_type: String,
}

fn text() -> String {
    "text".to_owned()
}

/// How an agent hears of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notifier {
    /// It asks, every [`AreaSettings::notifier_frequency`].
    #[default]
    Local,
    /// The push service of its maker wakes it.
    Push,
}

/// The settings of one area, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AreaSettings(pub Vec<Setting>);

impl AreaSettings {
    /// The value of that name, unless it is empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|setting| setting.name == name)?;
        Some(found.value.as_str()).filter(|value| !value.is_empty())
    }

    /// [`SITE_NAME`]; `Pym` where nothing else is set.
    #[must_use]
    pub fn site_name(&self) -> &str {
        self.value(SITE_NAME).map_or("Pym", str::trim)
    }

    /// [`NOTIFIER_FREQUENCY`] in milliseconds, 1,000 to 86,400,000; 60,000 where nothing else is set.
    #[must_use]
    pub fn notifier_frequency(&self) -> u64 {
        let given = self.value(NOTIFIER_FREQUENCY).and_then(frequency);
        given.unwrap_or(DEFAULT_FREQUENCY)
    }

    /// [`NOTIFIER_TYPE`]; asking where nothing else is set.
    #[must_use]
    pub fn notifier(&self) -> Notifier {
        if self.value(NOTIFIER_TYPE) == Some("2") { Notifier::Push } else { Notifier::Local }
    }

    /// [`ANDROID_EULA`], if there is one.
    #[must_use]
    pub fn license(&self) -> Option<&str> {
        self.value(ANDROID_EULA)
    }
}

fn frequency(value: &str) -> Option<u64> {
    value.trim().parse().ok().filter(|millis| (MIN_FREQUENCY..=MAX_FREQUENCY).contains(millis))
}

/// Checks the settings of an area.
///
/// # Errors
/// The name of the wrong setting and a sentence that says what is wrong with it.
pub fn check(settings: &[Setting]) -> Result<(), String> {
    if settings.len() > MAX_SETTINGS {
        return Err(format!("an area has at most {MAX_SETTINGS} settings"));
    }
    for (index, setting) in settings.iter().enumerate() {
        let Setting { name, value, content_type } = setting;
        super::text::check_word("the name of a setting", name)?;
        if settings.iter().take(index).any(|earlier| earlier.name == *name) {
            return Err(format!("the setting {name} is there twice"));
        }
        if value.len() > MAX_VALUE {
            return Err(format!("{name} has at most {MAX_VALUE} bytes"));
        }
        super::text::check_label("the content type of a setting", content_type, 100)?;
        match name.as_str() {
            NOTIFIER_FREQUENCY if frequency(value).is_none() => {
                return Err(format!("{name} is a number of milliseconds, {MIN_FREQUENCY} to {MAX_FREQUENCY}"));
            }
            NOTIFIER_TYPE if !["1", "2"].contains(&value.as_str()) => {
                return Err(format!("{name} is 1 (the agent asks) or 2 (it is woken by push)"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str) -> Setting {
        Setting { name: name.to_owned(), value: value.to_owned(), content_type: text() }
    }

    #[test]
    fn known_settings_are_checked_and_others_kept() {
        let good = [setting("notifierFrequency", "5000"), setting("notifierType", "2"), setting("gcmSenderId", "x")];
        assert_eq!(check(&good), Ok(()));
        let settings = AreaSettings(good.to_vec());
        assert_eq!((settings.notifier_frequency(), settings.notifier()), (5000, Notifier::Push));
        assert_eq!((settings.value("gcmSenderId"), settings.license()), (Some("x"), None));
        for (bad, named) in [
            (vec![setting("notifierFrequency", "999")], "notifierFrequency"),
            (vec![setting("notifierFrequency", "86400001")], "notifierFrequency"),
            (vec![setting("notifierFrequency", "soon")], "notifierFrequency"),
            (vec![setting("notifierType", "3")], "notifierType"),
            (vec![setting("a b", "")], "name"),
            (vec![setting("a", ""), setting("a", "")], "twice"),
            (vec![setting("a", &"x".repeat(MAX_VALUE + 1))], "bytes"),
        ] {
            assert!(check(&bad).unwrap_err().contains(named), "{bad:?}");
        }
        let many: Vec<_> = (0..=MAX_SETTINGS).map(|number| setting(&format!("s{number}"), "")).collect();
        assert!(check(&many).is_err());
    }

    #[test]
    fn what_is_not_set_has_a_default() {
        let nothing = AreaSettings::default();
        assert_eq!((nothing.notifier_frequency(), nothing.notifier()), (60_000, Notifier::Local));
        assert_eq!(nothing.license(), None);
    }
}
