//! Static groups of devices.

use super::{App, Error, require};
use crate::app::access::reach;
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::group::Group;
use crate::model::id::{DeviceId, GroupId};
use crate::model::operation::MAX_ACTIVITY_DEVICES;
use crate::model::text::{MAX_DESCRIPTION, MAX_NAME, check_label};
use crate::store::{Flush, Rx};

/// The most groups.
const MAX_GROUPS: usize = 1000;

/// Which way a device goes.
#[derive(Clone, Copy)]
enum Membership {
    Add,
    Remove,
}

impl App {
    /// Every group, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn groups(&self, actor: &Actor) -> Result<Vec<Group>, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(|rx| rx.groups().map_err(Error::from)).await
    }

    /// The group of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn group(&self, actor: &Actor, id: GroupId) -> Result<Group, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(move |rx| known_group(rx, id)).await
    }

    /// The groups a device is in, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn groups_of(&self, actor: &Actor, device: DeviceId) -> Result<Vec<Group>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.groups_of(reach(rx, &actor, device, Scope::Read)?.number)?)).await
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a name that is taken or one group too many, [`Error::Invalid`] for a name that cannot be,
    /// [`Error::Forbidden`] without the scope `operate`.
    pub async fn create_group(&self, actor: &Actor, name: &str, description: &str) -> Result<Group, Error> {
        require(actor, Scope::Operate)?;
        check(name, description)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (name, description) = (name.to_owned(), description.to_owned());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                free(tx, &name, None)?;
                if tx.groups()?.len() >= MAX_GROUPS {
                    return Err(Error::Conflict(format!("there are {MAX_GROUPS} groups already")));
                }
                let id = GroupId::fresh(now);
                tx.insert_group(id, &name, &description, &actor.owner(), now)?;
                tx.audit(now, &actor, "group.create", &name, Outcome::Done, "")?;
                known_group(tx, id)
            })
            .await
    }

    /// Renames a group.
    ///
    /// # Errors
    /// As [`App::create_group`], and [`Error::NotFound`].
    pub async fn edit_group(&self, actor: &Actor, id: GroupId, name: &str, description: &str) -> Result<Group, Error> {
        require(actor, Scope::Operate)?;
        check(name, description)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (name, description) = (name.to_owned(), description.to_owned());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let before = known_group(tx, id)?;
                free(tx, &name, Some(id))?;
                tx.update_group(id, &name, &description)?;
                tx.audit(now, &actor, "group.edit", &before.name, Outcome::Done, &format!("name {name:?}"))?;
                known_group(tx, id)
            })
            .await
    }

    /// Deletes a group; its devices stay.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `operate`.
    pub async fn delete_group(&self, actor: &Actor, id: GroupId) -> Result<(), Error> {
        require(actor, Scope::Operate)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let group = known_group(tx, id)?;
                tx.delete_group(id)?;
                tx.audit(now, &actor, "group.delete", &group.name, Outcome::Done, "")?;
                Ok(())
            })
            .await
    }

    /// Puts devices into a group, all or none; those in it stay.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the group or a device, [`Error::Forbidden`] without the scope `operate`.
    pub async fn add_to_group(&self, actor: &Actor, id: GroupId, devices: Vec<DeviceId>) -> Result<Group, Error> {
        self.change_members(actor, id, devices, Membership::Add).await
    }

    /// Takes devices out of a group, all or none; those not in it stay out.
    ///
    /// # Errors
    /// As [`App::add_to_group`].
    pub async fn remove_from_group(&self, actor: &Actor, id: GroupId, devices: Vec<DeviceId>) -> Result<Group, Error> {
        self.change_members(actor, id, devices, Membership::Remove).await
    }

    async fn change_members(
        &self,
        actor: &Actor,
        id: GroupId,
        devices: Vec<DeviceId>,
        membership: Membership,
    ) -> Result<Group, Error> {
        require(actor, Scope::Operate)?;
        if devices.len() > MAX_ACTIVITY_DEVICES {
            return Err(Error::invalid("devices", format!("at most {MAX_ACTIVITY_DEVICES} devices at once")));
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let group = known_group(tx, id)?;
                for device in &devices {
                    let known = match membership {
                        Membership::Add => tx.add_member(group.number, *device)?,
                        Membership::Remove => tx.remove_member(group.number, *device)?,
                    };
                    if !known {
                        return Err(Error::missing(format!("device {device}")));
                    }
                }
                let action = match membership {
                    Membership::Add => "group.add",
                    Membership::Remove => "group.remove",
                };
                tx.audit(now, &actor, action, &group.name, Outcome::Done, &format!("{} devices", devices.len()))?;
                known_group(tx, id)
            })
            .await
    }
}

fn known_group(rx: &Rx<'_>, id: GroupId) -> Result<Group, Error> {
    rx.group(id)?.ok_or_else(|| Error::missing(format!("group {id}")))
}

fn free(rx: &Rx<'_>, name: &str, but: Option<GroupId>) -> Result<(), Error> {
    match rx.group_named(name)? {
        Some(other) if Some(other.id) != but => Err(Error::Conflict(format!("group {name:?} exists already"))),
        _ => Ok(()),
    }
}

fn check(name: &str, description: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::invalid("name", "a group needs a name"));
    }
    check_label("a name", name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
    check_label("a description", description, MAX_DESCRIPTION).map_err(|why| Error::invalid("description", why))
}
