//! Settings that people change while the site runs, and what follows from them.

use std::time::Duration;

use super::effects::Effects;
use super::operation::queue_for_all;
use super::{App, Error, require};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::operation::OperationKind;
use crate::model::setting::{AreaSettings, GENERAL, NOTIFIER_FREQUENCY, SITE_NAME, Setting, check};
use crate::store::Flush;

/// The operation that tells an agent how often to ask; types without it are not told.
const TELL_FREQUENCY: &str = "NOTIFIER_FREQUENCY";

impl App {
    /// The settings of the platform ([`GENERAL`]) or of a device type, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an area that is no device type; [`Error::Forbidden`] without the scope `read`. What is set
    /// for a device type may be read by those who enroll or own devices, and by devices of the type.
    pub async fn area_settings(&self, actor: &Actor, area: &str) -> Result<AreaSettings, Error> {
        let may_enroll = actor.scopes.allow(Scope::Enroll) || actor.scopes.allow(Scope::Own);
        let is_of_type = matches!(&actor.principal, Principal::Device { device_type, .. } if device_type == area);
        if area == GENERAL || !(may_enroll || is_of_type) {
            require(actor, Scope::Read)?;
        }
        self.check_area(area)?;
        let area = area.to_owned();
        self.inner.store.read(move |rx| Ok(rx.settings(&area)?)).await
    }

    /// What this site is called, for people; empty when nobody has named it.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn site_name(&self) -> Result<String, Error> {
        let settings = self.inner.store.read(|rx| rx.settings(GENERAL)).await?;
        Ok(settings.value(SITE_NAME).unwrap_or_default().to_owned())
    }

    /// Puts settings in the place of all that an area has. The agents of a device type are told how often to ask, where
    /// that changes.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an area that is no device type, [`Error::Invalid`] for settings that cannot be,
    /// [`Error::Forbidden`] without the scope `admin`.
    pub async fn change_settings(
        &self,
        actor: &Actor,
        area: &str,
        settings: Vec<Setting>,
    ) -> Result<AreaSettings, Error> {
        self.edit_settings(actor, area, move |_| settings).await
    }

    /// Sets settings of an area by name, or takes them away where nothing is left of the value; the others stay, and so
    /// does the kind of text that one is.
    ///
    /// # Errors
    /// As [`App::change_settings`].
    pub async fn set_settings(
        &self,
        actor: &Actor,
        area: &str,
        named: Vec<(String, Option<String>)>,
    ) -> Result<AreaSettings, Error> {
        let edit = move |before: &AreaSettings| {
            let mut settings = before.0.clone();
            for (name, value) in named {
                let place = settings.iter().position(|setting| setting.name == name);
                match (value, place.and_then(|place| settings.get_mut(place))) {
                    (Some(value), Some(setting)) => setting.value = value,
                    (Some(value), None) => {
                        settings.push(Setting { name, value, content_type: "text".to_owned() });
                    }
                    (None, _) => settings.retain(|setting| setting.name != name),
                }
            }
            settings
        };
        self.edit_settings(actor, area, edit).await
    }

    /// Names the site to people.
    ///
    /// # Errors
    /// As [`App::change_settings`].
    pub async fn name_site(&self, actor: &Actor, name: String) -> Result<(), Error> {
        self.set_settings(actor, GENERAL, vec![(SITE_NAME.to_owned(), Some(name))]).await.map(drop)
    }

    async fn edit_settings(
        &self,
        actor: &Actor,
        area: &str,
        edit: impl FnOnce(&AreaSettings) -> Vec<Setting> + Send + 'static,
    ) -> Result<AreaSettings, Error> {
        require(actor, Scope::Admin)?;
        self.check_area(area)?;
        let is_told = area != GENERAL && self.device_type(&Actor::system(), area)?.feature(TELL_FREQUENCY).is_some();
        let (now, actor, area) = (self.inner.clock.now(), actor.clone(), area.to_owned());
        let (settings, effects) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut effects = Effects::default();
                let before = tx.settings(&area)?;
                let settings = edit(&before);
                check(&settings).map_err(|why| Error::invalid("settings", why))?;
                tx.put_settings(&area, &settings)?;
                let after = tx.settings(&area)?;
                if before == after {
                    return Ok::<_, Error>((after, effects));
                }
                // A value may be a secret, so the trail has the names alone.
                let names: Vec<_> = after.0.iter().map(|setting| setting.name.as_str()).collect();
                tx.audit(now, &actor, "setting.change", &area, Outcome::Done, &names.join(", "))?;
                if is_told && before.notifier_frequency() != after.notifier_frequency() {
                    let payload = format!("{{\"value\":{}}}", after.notifier_frequency());
                    queue_for_all(tx, &mut effects, &area, TELL_FREQUENCY, OperationKind::Config, &payload, now)?;
                }
                Ok((after, effects))
            })
            .await?;
        self.follow(effects).await;
        Ok(settings)
    }

    /// How often compliance is to be checked: the platform's notifier frequency, or what the configuration says.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn monitor_every(&self) -> Result<Duration, Error> {
        let settings = self.area_settings(&Actor::system(), GENERAL).await?;
        Ok(match settings.value(NOTIFIER_FREQUENCY) {
            Some(_) => Duration::from_millis(settings.notifier_frequency()),
            None => self.inner.settings.policy.monitor_interval,
        })
    }

    fn check_area(&self, area: &str) -> Result<(), Error> {
        if area == GENERAL {
            return Ok(());
        }
        let missing = || Error::missing(format!("the area {area:?} of settings"));
        self.device_type(&Actor::system(), area).map(drop).map_err(|_| missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{itself, operator, site, with};
    use crate::model::device::NewDevice;
    use crate::model::operation::OperationFilter;

    fn frequency(millis: u64) -> Vec<Setting> {
        let content_type = "text".to_owned();
        vec![Setting { name: NOTIFIER_FREQUENCY.to_owned(), value: millis.to_string(), content_type }]
    }

    #[tokio::test]
    async fn agents_are_told_how_often_to_ask_once_a_change() {
        let site = site().await;
        let new = |identifier: &str| NewDevice {
            device_type: "android".to_owned(),
            identifier: identifier.to_owned(),
            ..NewDevice::default()
        };
        let one = site.app.enroll(&operator(), new("one")).await.unwrap().device;
        let gone = site.app.enroll(&operator(), new("gone")).await.unwrap().device;
        site.app.remove_device(&operator(), gone.id).await.unwrap();
        site.pi("pi").await;
        for millis in [5000, 5000, 7000] {
            let set = site.app.change_settings(&operator(), "android", frequency(millis)).await.unwrap();
            assert_eq!(set.notifier_frequency(), millis);
        }
        let filter = OperationFilter { code: Some(TELL_FREQUENCY.to_owned()), ..OperationFilter::default() };
        let told = site.app.operations(&operator(), filter, 10, None).await.unwrap().items;
        let payloads: Vec<_> = told.iter().map(|told| (told.device, told.payload.as_deref().unwrap())).collect();
        assert_eq!(payloads, [(one.id, r#"{"value":7000}"#), (one.id, r#"{"value":5000}"#)]);
        assert_eq!(site.app.area_settings(&itself(&one), "android").await.unwrap().notifier_frequency(), 7000);
        assert_eq!(site.app.monitor_every().await.unwrap(), Duration::from_mins(1));
    }

    #[tokio::test]
    async fn what_is_not_named_stays_as_it_is() {
        let site = site().await;
        let terms = Setting { name: "terms".to_owned(), value: "a".to_owned(), content_type: "html".to_owned() };
        let all = frequency(5000).into_iter().chain([terms]).collect();
        site.app.change_settings(&operator(), GENERAL, all).await.unwrap();
        site.app.name_site(&operator(), "Mill".to_owned()).await.unwrap();
        let named = vec![("terms".to_owned(), Some("b".to_owned())), (NOTIFIER_FREQUENCY.to_owned(), None)];
        let set = site.app.set_settings(&operator(), GENERAL, named).await.unwrap();
        let mut set: Vec<_> =
            set.0.iter().map(|one| (one.name.as_str(), one.value.as_str(), one.content_type.as_str())).collect();
        set.sort_unstable();
        assert_eq!(set, [("site.name", "Mill", "text"), ("terms", "b", "html")]);
        let wrong = site.app.set_settings(&operator(), GENERAL, vec![("a b".to_owned(), Some("c".to_owned()))]).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "settings", .. })));
        let refused = site.app.name_site(&with(&[Scope::Read]), "Hers".to_owned()).await;
        assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Admin })));
        assert_eq!(site.app.site_name().await.unwrap(), "Mill");
    }

    #[tokio::test]
    async fn settings_are_for_administrators_and_of_areas_that_exist() {
        let site = site().await;
        let pi = site.pi("pi").await;
        let viewer = with(&[Scope::Read]);
        let refused = site.app.change_settings(&viewer, GENERAL, frequency(5000)).await;
        assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Admin })));
        let missing = site.app.change_settings(&operator(), "toaster", frequency(5000)).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
        let wrong = site.app.change_settings(&operator(), GENERAL, frequency(1)).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "settings", .. })));
        for area in [GENERAL, "android"] {
            let refused = site.app.area_settings(&itself(&pi), area).await;
            assert!(matches!(refused, Err(Error::Forbidden { .. })), "{area}");
        }
        assert_eq!(site.app.area_settings(&viewer, GENERAL).await.unwrap(), AreaSettings::default());
    }
}
