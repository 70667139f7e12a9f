//! Groups of devices, filled by hand or by a query, and shared with roles. How a query fills a group is in
//! `membership`.

mod assignment;
mod membership;

pub(super) use membership::settle_groups;

#[cfg(test)]
mod tests;

use super::access::{reach, require_some};
use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::change::Area;
use crate::model::device::{DeviceFilter, DevicePage, DeviceSort, PageStart};
use crate::model::group::{Group, GroupFilter, NewGroup};
use crate::model::id::{DeviceId, GroupId};
use crate::model::operation::MAX_ACTIVITY_DEVICES;
use crate::model::text::{MAX_DESCRIPTION, MAX_NAME, check_label};
use crate::store::{Flush, Rx};

/// The most groups.
const MAX_GROUPS: usize = 1000;
/// The most groups that are filled by a query: each is asked at every change of a device.
const MAX_QUERY_GROUPS: usize = 100;
/// The most roles a group is shared with.
const MAX_SHARES: usize = 100;

/// Which way a device goes.
#[derive(Clone, Copy)]
enum Membership {
    Add,
    Remove,
}

impl App {
    /// The groups a caller may see, by name: every one, or with the scope `own` those they own and those that are shared
    /// with a role of theirs.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn groups(&self, actor: &Actor) -> Result<Vec<Group>, Error> {
        require_some(actor, Scope::Read)?;
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| {
                let all = actor.scopes.allow(Scope::Read);
                Ok(if all { rx.groups()? } else { rx.own_groups(&actor.owner())? })
            })
            .await
    }

    /// The groups a caller may see that fit a filter, by name.
    ///
    /// # Errors
    /// As [`App::groups`]; and [`Error::Forbidden`] without the scope `read` for everyone's.
    pub async fn find_groups(&self, actor: &Actor, filter: GroupFilter) -> Result<Vec<Group>, Error> {
        if filter.everyones {
            require(actor, Scope::Read)?;
        }
        let mut groups = self.groups(actor).await?;
        groups.retain(|group| filter.fits(group));
        Ok(groups)
    }

    /// How many devices a group with that query would hold.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot fill a group, [`Error::Forbidden`] without the scope `operate`.
    pub async fn count_group(&self, actor: &Actor, query: &str) -> Result<u64, Error> {
        require(actor, Scope::Operate)?;
        let query = membership::check_query(query)?;
        let filter = DeviceFilter { query: Some(query), ..DeviceFilter::default() };
        let page = DevicePage { sort: DeviceSort::Name, descending: false, start: PageStart::Cursor(None), limit: 1 };
        let now = self.inner.clock.now();
        self.inner.store.read(move |rx| Ok(rx.devices(&filter, &page, now)?.total)).await
    }

    /// The group of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a group that the caller has no business with, or [`Error::Forbidden`] without the
    /// scope `read` or `own`.
    pub async fn group(&self, actor: &Actor, id: GroupId) -> Result<Group, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| seen_group(rx, &actor, rx.group(id)?, &id.to_string())).await
    }

    /// The group of that number.
    ///
    /// # Errors
    /// As [`App::group`].
    pub async fn group_numbered(&self, actor: &Actor, number: i64) -> Result<Group, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| seen_group(rx, &actor, rx.group_numbered(number)?, &number.to_string())).await
    }

    /// The roles a group is shared with, by name.
    ///
    /// # Errors
    /// As [`App::group`].
    pub async fn group_roles(&self, actor: &Actor, id: GroupId) -> Result<Vec<String>, Error> {
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| Ok(rx.group_roles(seen_group(rx, &actor, rx.group(id)?, &id.to_string())?.number)?))
            .await
    }

    /// Shares a group with these roles and no others: whoever has one of them and the scope `own` sees and commands its
    /// devices.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown role or too many, [`Error::NotFound`], or [`Error::Forbidden`] without the scope
    /// `operate`.
    pub async fn share_group(&self, actor: &Actor, id: GroupId, roles: Vec<String>) -> Result<Vec<String>, Error> {
        require(actor, Scope::Operate)?;
        if roles.len() > MAX_SHARES {
            return Err(Error::invalid("roles", format!("a group is shared with at most {MAX_SHARES} roles")));
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let group = known_group(tx, id)?;
                for role in &roles {
                    if tx.role(role)?.is_none() {
                        return Err(Error::invalid("roles", format!("there is no role {role:?}")));
                    }
                }
                tx.share_group(group.number, &roles)?;
                let detail = format!("roles {}", roles.join(", "));
                tx.audit(now, &actor, "group.share", &group.name, Outcome::Done, &detail)?;
                Ok(tx.group_roles(group.number)?)
            })
            .await?;
        self.edited(Area::Groups);
        Ok(done)
    }

    /// The groups a device is in, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn groups_of(&self, actor: &Actor, device: DeviceId) -> Result<Vec<Group>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.groups_of(reach(rx, &actor, device, Scope::Read)?.number)?)).await
    }

    /// Makes a group; one with a query holds what fits it at once.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a name that is taken or one group too many, [`Error::Invalid`] for a name or query that
    /// cannot be, [`Error::Forbidden`] without the scope `operate`.
    pub async fn create_group(&self, actor: &Actor, new: NewGroup) -> Result<Group, Error> {
        require(actor, Scope::Operate)?;
        check(&new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                free(tx, &new.name, None)?;
                if tx.groups()?.len() >= MAX_GROUPS {
                    return Err(Error::Conflict(format!("there are {MAX_GROUPS} groups already")));
                }
                room_for_query(tx, &new, None)?;
                let id = GroupId::fresh(now);
                tx.insert_group(id, &new, &actor.owner(), now)?;
                let detail = new.query.as_ref().map(|query| format!("query {query}")).unwrap_or_default();
                tx.audit(now, &actor, "group.create", &new.name, Outcome::Done, &detail)?;
                membership::fill(tx, &known_group(tx, id)?, now)?;
                known_group(tx, id)
            })
            .await?;
        self.edited(Area::Groups);
        Ok(done)
    }

    /// Renames a group and changes what fills it. A group that loses its query keeps its devices; one that gets a query
    /// holds what fits it and nothing else.
    ///
    /// # Errors
    /// As [`App::create_group`], and [`Error::NotFound`].
    pub async fn edit_group(&self, actor: &Actor, id: GroupId, new: NewGroup) -> Result<Group, Error> {
        require(actor, Scope::Operate)?;
        check(&new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let before = known_group(tx, id)?;
                free(tx, &new.name, Some(id))?;
                room_for_query(tx, &new, before.query.as_deref())?;
                tx.update_group(id, &new)?;
                let query = new.query.as_ref().map(|query| format!(", query {query}")).unwrap_or_default();
                let detail = format!("name {:?}{query}", new.name);
                tx.audit(now, &actor, "group.edit", &before.name, Outcome::Done, &detail)?;
                membership::fill(tx, &known_group(tx, id)?, now)?;
                known_group(tx, id)
            })
            .await?;
        self.edited(Area::Groups);
        Ok(done)
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
                Ok::<_, Error>(())
            })
            .await?;
        self.edited(Area::Groups);
        Ok(())
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
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let group = known_group(tx, id)?;
                filled_by_hand(&group)?;
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
            .await?;
        self.edited(Area::Groups);
        Ok(done)
    }
}

/// Refuses to put devices into a group with a query, or to take them out.
pub(super) fn filled_by_hand(group: &Group) -> Result<(), Error> {
    if group.query.is_none() {
        return Ok(());
    }
    let why = format!("group {:?} is filled by its query; no device is put in or taken out by hand", group.name);
    Err(Error::Conflict(why))
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

/// The group, for a caller who may see it.
fn seen_group(rx: &Rx<'_>, actor: &Actor, group: Option<Group>, named: &str) -> Result<Group, Error> {
    require_some(actor, Scope::Read)?;
    let missing = || Error::missing(format!("group {named}"));
    let group = group.ok_or_else(missing)?;
    let sees = actor.scopes.allow(Scope::Read) || rx.is_own_group(group.number, &actor.owner())?;
    if sees { Ok(group) } else { Err(missing()) }
}

/// Refuses one group with a query too many.
fn room_for_query(rx: &Rx<'_>, new: &NewGroup, before: Option<&str>) -> Result<(), Error> {
    if new.query.is_some() && before.is_none() && rx.query_groups()?.len() >= MAX_QUERY_GROUPS {
        return Err(Error::Conflict(format!("there are {MAX_QUERY_GROUPS} groups with a query already")));
    }
    Ok(())
}

fn check(new: &NewGroup) -> Result<(), Error> {
    if new.name.trim().is_empty() {
        return Err(Error::invalid("name", "a group needs a name"));
    }
    check_label("a name", &new.name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
    check_label("a description", &new.description, MAX_DESCRIPTION)
        .map_err(|why| Error::invalid("description", why))?;
    if let Some(query) = &new.query {
        membership::check_query(query)?;
    }
    Ok(())
}
