//! Enrollment tokens: what lets devices in that nobody stands beside, and does nothing else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{EnrollmentTokenId, GroupId};
use super::tag::{MAX_TAGS, check_tag};
use super::text::{MAX_NAME, check_label, check_word};
use super::timestamp::Timestamp;

/// How long a token is good for whose maker does not say.
pub const DEFAULT_LIFE: Duration = Duration::from_hours(24);
/// The longest life of a token.
pub const MAX_LIFE: Duration = Duration::from_hours(366 * 24);
/// The most devices one token enrolls.
pub const MAX_USES: u32 = 10_000;
/// The most groups that devices are put into as they enroll.
pub const MAX_GROUPS: usize = 20;

/// An enrollment token; its secret is shown once and never kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrollmentToken {
    pub id: EnrollmentTokenId,
    /// What it is for, in the words of its maker; may be empty.
    pub note: String,
    /// The type of the devices it enrolls; any without one.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// Whose the devices are.
    pub owner: String,
    /// The groups they are put into; one that is deleted falls out.
    pub groups: Vec<GroupId>,
    /// The tags they get.
    pub tags: Vec<String>,
    /// Who made it: it enrolls no longer when they may not.
    pub made_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// How many devices it enrolls at most.
    pub max_uses: u32,
    /// How many it has enrolled.
    pub uses: u32,
    /// When it enrolled the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

impl EnrollmentToken {
    /// Whether it enrolls a further device.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.uses < self.max_uses
    }

    /// Whether it binds devices in a way that is for operators to decide: to another owner, to groups or to tags.
    #[must_use]
    pub fn binds(&self) -> bool {
        self.owner != self.made_by || !self.groups.is_empty() || !self.tags.is_empty()
    }
}

/// An enrollment token to be made.
#[derive(Clone, Debug, Default)]
pub struct NewEnrollmentToken {
    pub note: String,
    pub device_type: Option<String>,
    /// Defaults to the maker.
    pub owner: Option<String>,
    pub groups: Vec<GroupId>,
    pub tags: Vec<String>,
    /// Defaults to [`DEFAULT_LIFE`] from now.
    pub expires_at: Option<Timestamp>,
    /// 1 to [`MAX_USES`].
    pub max_uses: u32,
}

impl NewEnrollmentToken {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The member that is wrong, and a sentence that says how.
    pub fn check(&self, now: Timestamp) -> Result<(), (&'static str, String)> {
        check_label("a note", &self.note, MAX_NAME).map_err(|why| ("note", why))?;
        if let Some(device_type) = &self.device_type {
            check_word("a device type", device_type).map_err(|why| ("type", why))?;
        }
        if let Some(owner) = &self.owner {
            check_label("an owner", owner, MAX_NAME).map_err(|why| ("owner", why))?;
        }
        if self.groups.len() > MAX_GROUPS {
            return Err(("groups", format!("a token puts devices into at most {MAX_GROUPS} groups")));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(("tags", format!("a device has at most {MAX_TAGS} tags")));
        }
        self.tags.iter().try_for_each(|tag| check_tag(tag)).map_err(|why| ("tags", why))?;
        if !(1..=MAX_USES).contains(&self.max_uses) {
            return Err(("max_uses", format!("a token enrolls 1 to {MAX_USES} devices")));
        }
        match self.expires_at {
            Some(at) if at <= now => Err(("expires_at", "a token's end lies in the future".to_owned())),
            Some(at) if at > now.plus(MAX_LIFE) => {
                let days = MAX_LIFE.as_secs() / (24 * 60 * 60);
                Err(("expires_at", format!("a token is good for at most {days} days")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(&mut NewEnrollmentToken)) -> Option<&'static str> {
        let mut new = NewEnrollmentToken { max_uses: 1, ..NewEnrollmentToken::default() };
        change(&mut new);
        new.check(Timestamp::from_secs(1_000)).err().map(|(field, _)| field)
    }

    #[test]
    fn a_token_has_bounds_on_every_side() {
        let now = Timestamp::from_secs(1_000);
        assert_eq!(wrong(|_| ()), None);
        assert_eq!(wrong(|new| new.max_uses = 0), Some("max_uses"));
        assert_eq!(wrong(|new| new.max_uses = MAX_USES + 1), Some("max_uses"));
        assert_eq!(wrong(|new| new.expires_at = Some(now)), Some("expires_at"));
        assert_eq!(wrong(|new| new.expires_at = Some(now.plus(MAX_LIFE))), None);
        assert_eq!(wrong(|new| new.expires_at = Some(now.plus(MAX_LIFE + Duration::from_secs(1)))), Some("expires_at"));
        assert_eq!(wrong(|new| new.note = "x\u{1b}[2J".to_owned()), Some("note"));
        assert_eq!(wrong(|new| new.device_type = Some("../x".to_owned())), Some("type"));
        assert_eq!(wrong(|new| new.tags = vec!["a,b".to_owned()]), Some("tags"));
        assert_eq!(wrong(|new| new.owner = Some("x".repeat(MAX_NAME + 1))), Some("owner"));
        let many = vec![GroupId::fresh(now); MAX_GROUPS + 1];
        assert_eq!(wrong(|new| new.groups = many), Some("groups"));
    }
}
