//! The message catalogue: everything the dashboard says, in every language, side by side. One file an area.

pub(super) mod about;
pub(super) mod account;
pub(super) mod activity;
pub(super) mod audit;
pub(super) mod certificate;
pub(super) mod chart;
pub(super) mod device;
pub(super) mod device_list;
pub(super) mod device_type;
pub(super) mod enrollment;
pub(super) mod feature;
pub(super) mod general;
pub(super) mod geofence;
pub(super) mod group;
pub(super) mod login;
pub(super) mod notification;
pub(super) mod overview;
pub(super) mod package;
pub(super) mod policy;
pub(super) mod reference;
pub(super) mod role;
pub(super) mod setting;
pub(super) mod token;
pub(super) mod user;

use std::fmt::Display;

/// A language of the dashboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    English,
    Chinese,
}

impl Language {
    /// Every language, with its own name for itself.
    pub(super) const ALL: [(Self, &'static str); 2] = [(Self::English, "English"), (Self::Chinese, "简体中文")];

    /// The tag of BCP 47.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    /// The language of a tag, whatever its script and region.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else {
            None
        }
    }

    /// The first language of `Accept-Language` that is known here, by quality (RFC 9110, section 12.5.4).
    pub(super) fn negotiate(accepted: &str) -> Self {
        let mut best = (0.0, Self::default());
        for part in accepted.split(',') {
            let (tag, quality) = part.split_once(';').unwrap_or((part, "q=1"));
            let quality = quality.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
            if let Some(language) = Self::parse(tag.trim())
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }
}

/// One message in every language; `{}` are places to fill, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    english: &'static str,
    chinese: &'static str,
}

impl Message {
    /// A message whose languages have as many places as each other: else it does not compile.
    pub(super) const fn new(english: &'static str, chinese: &'static str) -> Self {
        assert!(places(english) == places(chinese), "the languages of a message have different numbers of places");
        Self { english, chinese }
    }

    /// The text in a language.
    pub(super) const fn text(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        }
    }

    /// The text with its places filled.
    pub(super) fn fill(self, language: Language, values: &[&dyn Display]) -> String {
        let mut pieces = self.text(language).split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (index, piece) in pieces.enumerate() {
            if let Some(value) = values.get(index) {
                text.push_str(&value.to_string());
            }
            text.push_str(piece);
        }
        text
    }
}

#[expect(clippy::indexing_slicing, reason = "the bounds are checked; iterators cannot run while compiling")]
const fn places(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut found) = (1, 0);
    while at < bytes.len() {
        if bytes[at - 1] == b'{' && bytes[at] == b'}' {
            found += 1;
        }
        at += 1;
    }
    found
}

/// Declares messages: `NAME = "English", "中文";`.
macro_rules! messages {
    ($($(#[$note:meta])* $name:ident = $english:literal, $chinese:literal;)*) => {
        $($(#[$note])* pub(in crate::web) const $name: crate::web::message::Message =
            crate::web::message::Message::new($english, $chinese);)*
    };
}
pub(super) use messages;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_wish_is_heard() {
        for (accepted, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("de, en;q=0.5, zh;q=0.4", Language::English),
            ("fr", Language::English),
            ("zh;q=0, en;q=0.1", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::negotiate(accepted), language, "{accepted}");
        }
    }

    #[test]
    fn places_are_filled_in_order() {
        const FOUND: Message = Message::new("{} of {}", "共 {} 台，第 {} 台");
        assert_eq!(FOUND.fill(Language::English, &[&1, &"two"]), "1 of two");
        assert_eq!(FOUND.fill(Language::Chinese, &[&3]), "共 3 台，第  台");
    }
}
