//! Device types: the built-in ones, and those made at run time.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::device::Device;
use crate::model::device_type::{DeviceType, MAX_ROUNDS, MAX_TOKEN_DAYS, PolledOperation, PushRoute};
use crate::model::id::DeviceId;
use crate::model::text::{MAX_DESCRIPTION, MAX_NAME, check_label, check_word};
use crate::store::{Flush, Store};

const BUILT_IN: [&str; 4] = [
    include_str!("../../assets/device-types/android.toml"),
    include_str!("../../assets/device-types/arduino.toml"),
    include_str!("../../assets/device-types/raspberrypi.toml"),
    include_str!("../../assets/device-types/virtual_firealarm.toml"),
];

/// The most custom device types.
const MAX_CUSTOM: usize = 200;
/// The most operations that are polled.
const MAX_POLLED: usize = 16;
/// The most features or metrics of one type.
const MAX_PARTS: usize = 256;

/// Every device type, in memory.
#[derive(Debug)]
pub(super) struct DeviceTypes {
    types: RwLock<BTreeMap<String, Arc<DeviceType>>>,
}

impl DeviceTypes {
    pub(super) async fn load(store: &Store) -> Result<Self, Error> {
        let mut types = BTreeMap::new();
        for text in BUILT_IN {
            let device_type: DeviceType = toml::from_str(text).map_err(|source| Error::Failed {
                what: "read a built-in device type".to_owned(),
                source: source.into(),
            })?;
            types.insert(device_type.name.clone(), Arc::new(device_type));
        }
        for device_type in store.read(|rx| rx.device_types().map_err(Error::from)).await? {
            types.entry(device_type.name.clone()).or_insert_with(|| Arc::new(device_type));
        }
        Ok(Self { types: RwLock::new(types) })
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<DeviceType>> {
        self.types.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<DeviceType>> {
        self.types.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn put(&self, device_type: Arc<DeviceType>) {
        let mut types = self.types.write().unwrap_or_else(PoisonError::into_inner);
        types.insert(device_type.name.clone(), device_type);
    }

    fn remove(&self, name: &str) {
        self.types.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl App {
    /// Every device type, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub fn device_types(&self, actor: &Actor) -> Result<Vec<Arc<DeviceType>>, Error> {
        require(actor, Scope::Read)?;
        Ok(self.inner.device_types.all())
    }

    /// The device type of that name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` (a device may see its own type).
    pub fn device_type(&self, actor: &Actor, name: &str) -> Result<Arc<DeviceType>, Error> {
        let own = matches!(&actor.principal, crate::model::actor::Principal::Device { device_type, .. } if device_type == name);
        if !own {
            require(actor, Scope::Read)?;
        }
        self.inner.device_types.get(name).ok_or_else(|| Error::missing(format!("device type {name:?}")))
    }

    /// The type of a device.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn type_of(&self, actor: &Actor, device: DeviceId) -> Result<Arc<DeviceType>, Error> {
        let device = self.device(actor, device).await?;
        self.device_type(&Actor::system(), &device.device_type)
    }

    /// The type of a device that the caller was given; `None` where it was deleted.
    #[must_use]
    pub fn kind_of(&self, device: &Device) -> Option<Arc<DeviceType>> {
        self.inner.device_types.get(&device.device_type)
    }

    /// Makes a custom device type.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a name that is taken, [`Error::Invalid`] for a definition that cannot be,
    /// [`Error::Forbidden`] without the scope `admin`.
    pub async fn create_device_type(&self, actor: &Actor, device_type: DeviceType) -> Result<Arc<DeviceType>, Error> {
        require(actor, Scope::Admin)?;
        if self.inner.device_types.get(&device_type.name).is_some() {
            return Err(Error::Conflict(format!("device type {:?} exists already", device_type.name)));
        }
        if self.inner.device_types.all().iter().filter(|known| known.custom).count() >= MAX_CUSTOM {
            return Err(Error::Conflict(format!("there are {MAX_CUSTOM} custom device types already")));
        }
        self.put_device_type(actor, device_type, "device_type.create").await
    }

    /// Puts another definition in the place of a custom device type.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for a built-in type, otherwise as [`App::create_device_type`].
    pub async fn replace_device_type(
        &self,
        actor: &Actor,
        name: &str,
        device_type: DeviceType,
    ) -> Result<Arc<DeviceType>, Error> {
        require(actor, Scope::Admin)?;
        self.custom_type(name)?;
        if device_type.name != name {
            return Err(Error::invalid("name", "a device type keeps its name"));
        }
        self.put_device_type(actor, device_type, "device_type.edit").await
    }

    /// Deletes a custom device type that no device has.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] for a built-in type or one in use, [`Error::Forbidden`] without the
    /// scope `admin`.
    pub async fn delete_device_type(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        require(actor, Scope::Admin)?;
        self.custom_type(name)?;
        let (now, actor, key) = (self.inner.clock.now(), actor.clone(), name.to_owned());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let devices = tx.devices_of_type(&key)?;
                if devices > 0 {
                    return Err(Error::Conflict(format!("device type {key:?} has {devices} devices")));
                }
                tx.delete_device_type(&key)?;
                tx.audit(now, &actor, "device_type.delete", &key, Outcome::Done, "")?;
                Ok(())
            })
            .await?;
        self.inner.device_types.remove(name);
        Ok(())
    }

    fn custom_type(&self, name: &str) -> Result<(), Error> {
        match self.inner.device_types.get(name) {
            None => Err(Error::missing(format!("device type {name:?}"))),
            Some(known) if !known.custom => {
                Err(Error::Conflict(format!("device type {name:?} is built in and cannot be changed")))
            }
            Some(_) => Ok(()),
        }
    }

    async fn put_device_type(
        &self,
        actor: &Actor,
        mut device_type: DeviceType,
        action: &'static str,
    ) -> Result<Arc<DeviceType>, Error> {
        device_type.custom = true;
        check(&device_type)?;
        let (now, actor, device_type) = (self.inner.clock.now(), actor.clone(), Arc::new(device_type));
        let stored = Arc::clone(&device_type);
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                tx.put_device_type(&stored, now)?;
                tx.audit(now, &actor, action, &stored.name, Outcome::Done, "")?;
                Ok::<_, Error>(())
            })
            .await?;
        self.inner.device_types.put(Arc::clone(&device_type));
        Ok(device_type)
    }
}

fn check(device_type: &DeviceType) -> Result<(), Error> {
    check_word("a device type's name", &device_type.name).map_err(|why| Error::invalid("name", why))?;
    check_label("a title", &device_type.title, MAX_NAME).map_err(|why| Error::invalid("title", why))?;
    check_label("a description", &device_type.description, MAX_DESCRIPTION)
        .map_err(|why| Error::invalid("description", why))?;
    let parts =
        [device_type.metrics.len(), device_type.features.len(), device_type.properties.len(), device_type.push.len()];
    if parts.into_iter().any(|count| count > MAX_PARTS) {
        return Err(Error::invalid(
            "",
            format!("a device type has at most {MAX_PARTS} metrics, features, properties and routes"),
        ));
    }
    for metric in &device_type.metrics {
        check_word("a metric's name", &metric.name).map_err(|why| Error::invalid("metrics", why))?;
    }
    for feature in &device_type.features {
        check_word("a feature's code", &feature.code).map_err(|why| Error::invalid("features", why))?;
        check_label("a feature's name", &feature.name, MAX_NAME).map_err(|why| Error::invalid("features", why))?;
        feature
            .payload
            .check_definition()
            .map_err(|why| Error::invalid("features", format!("{:?}: {why}", feature.code)))?;
        check_routes(&feature.push)?;
    }
    for code in &device_type.initial_operations {
        let Some(feature) = device_type.feature(code) else {
            return Err(Error::invalid("initial_operations", format!("there is no feature {code:?}")));
        };
        if let Err(why) = feature.payload.check(None) {
            return Err(Error::invalid("initial_operations", format!("{code:?} cannot be sent by itself: {why}")));
        }
    }
    for PolledOperation { code, every } in &device_type.polled_operations {
        let sent = device_type.feature(code).is_some_and(|feature| feature.payload.check(None).is_ok());
        if !sent || *every == 0 || *every > MAX_ROUNDS {
            let why = format!("{code:?} is no feature that needs no payload, in every 1 to {MAX_ROUNDS} rounds");
            return Err(Error::invalid("polled_operations", why));
        }
    }
    if device_type.polled_operations.len() > MAX_POLLED {
        return Err(Error::invalid("polled_operations", format!("at most {MAX_POLLED} operations are polled")));
    }
    if device_type.token_days.is_some_and(|days| days == 0 || days > MAX_TOKEN_DAYS) {
        return Err(Error::invalid("token_days", format!("a token lives 1 to {MAX_TOKEN_DAYS} days")));
    }
    check_routes(&device_type.push)
}

/// A route stays below the prefix of the device it is for.
fn check_routes(routes: &[PushRoute]) -> Result<(), Error> {
    for route in routes {
        let rest = route.topic.strip_prefix("{tenant}/{type}/{id}");
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) || route.topic.contains(['+', '#', '\0'])
        {
            let why =
                format!("the topic {:?} must begin with {{tenant}}/{{type}}/{{id}} and hold no wildcard", route.topic);
            return Err(Error::invalid("push", why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{BUILT_IN, check};
    use crate::model::device_type::{DeviceType, FieldKind, Format, PayloadField};

    /// A value as a form would hold it: the default, else the least that fits.
    fn filled(field: &PayloadField) -> Value {
        if let Some(default) = &field.default {
            return default.clone();
        }
        let text = || match (field.choices.first(), field.format) {
            (Some(choice), _) => choice.clone(),
            (None, Some(Format::Url)) => "https://pym.example/a".to_owned(),
            (None, Some(Format::Package)) => "org.example.app".to_owned(),
            (None, Some(Format::Host)) => "pym.example".to_owned(),
            (None, Some(Format::Port)) => "443".to_owned(),
            (None, Some(Format::Time)) => "12:30".to_owned(),
            (None, None) => "1".repeat(field.min_length.unwrap_or(1) as usize),
        };
        let object = |fields: &[PayloadField]| -> Value {
            fields.iter().map(|field| (field.name.clone(), filled(field))).collect::<serde_json::Map<_, _>>().into()
        };
        match field.kind {
            FieldKind::String => text().into(),
            FieldKind::Bool => true.into(),
            FieldKind::Int | FieldKind::Long | FieldKind::Float | FieldKind::Double => field.min.unwrap_or(1).into(),
            FieldKind::Object => object(&field.fields),
            FieldKind::List if field.fields.is_empty() => json!([text()]),
            FieldKind::List => json!([object(&field.fields)]),
        }
    }

    #[test]
    fn every_built_in_type_is_sound_and_its_forms_can_be_sent() {
        for text in BUILT_IN {
            let device_type: DeviceType = toml::from_str(text).unwrap();
            check(&device_type).unwrap_or_else(|why| panic!("{}: {why}", device_type.name));
            for (at, feature) in device_type.features.iter().enumerate() {
                let twice = device_type.features.iter().skip(at + 1).any(|other| other.code == feature.code);
                assert!(!twice, "{} is there twice", feature.code);
                let fields = feature.payload.fields();
                for field in fields {
                    assert!(!field.title.is_empty(), "{} {} has no title", feature.code, field.name);
                }
                if fields.is_empty() {
                    continue;
                }
                let whole: Value = fields
                    .iter()
                    .map(|field| (field.name.clone(), filled(field)))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                assert_eq!(feature.payload.check_value(&whole), Ok(()), "{}", feature.code);
            }
        }
    }
}
