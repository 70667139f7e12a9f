//! Groups, their members, and the roles they are shared with.

use super::request::{Call, paging, with_query};
use super::{Client, Error};
use crate::model::id::{DeviceId, GroupId};
use crate::wire::Page;
use crate::wire::device::Device;
use crate::wire::group::{Group, Members, NewGroup, Shares};

impl Client {
    /// Every group.
    pub async fn groups(&self) -> Result<Page<Group>, Error> {
        self.fetch(Call::get("/api/v1/groups")).await
    }

    /// The group with that id.
    pub async fn group(&self, id: GroupId) -> Result<Group, Error> {
        self.fetch(Call::get(path(id, ""))).await
    }

    /// Makes an empty group.
    pub async fn create_group(&self, group: &NewGroup) -> Result<Group, Error> {
        self.fetch(Call::post("/api/v1/groups").json(group)?).await
    }

    /// Renames or describes a group.
    pub async fn replace_group(&self, id: GroupId, group: &NewGroup) -> Result<Group, Error> {
        self.fetch(Call::put(path(id, "")).json(group)?).await
    }

    /// Removes a group; its devices stay.
    pub async fn remove_group(&self, id: GroupId) -> Result<(), Error> {
        self.perform(Call::delete(path(id, ""))).await
    }

    /// The roles a group is shared with.
    pub async fn group_roles(&self, id: GroupId) -> Result<Shares, Error> {
        self.fetch(Call::get(path(id, "/roles"))).await
    }

    /// Shares a group with these roles and no others.
    pub async fn share_group(&self, id: GroupId, shares: &Shares) -> Result<Shares, Error> {
        self.fetch(Call::put(path(id, "/roles")).json(shares)?).await
    }

    /// One page of a group's devices.
    pub async fn members(&self, id: GroupId, limit: Option<u32>, cursor: Option<&str>) -> Result<Page<Device>, Error> {
        self.fetch(Call::get(with_query(&path(id, "/devices"), paging(limit, cursor)))).await
    }

    /// Puts devices into a group.
    pub async fn add_members(&self, id: GroupId, devices: Vec<DeviceId>) -> Result<(), Error> {
        self.perform(Call::post(path(id, "/devices")).json(&Members { devices })?).await
    }

    /// Takes devices out of a group.
    pub async fn remove_members(&self, id: GroupId, devices: Vec<DeviceId>) -> Result<(), Error> {
        self.perform(Call::delete(path(id, "/devices")).json(&Members { devices })?).await
    }
}

fn path(id: GroupId, rest: &str) -> String {
    format!("/api/v1/groups/{id}{rest}")
}
