use std::time::Duration;

use super::*;
use crate::app::testing::{Site, itself, operator, site, with};
use crate::model::change::Change;
use crate::model::geofence::{Notify, Shape};
use crate::model::id::GroupId;
use crate::model::location::NewLocation;
use crate::model::notification::NotificationFilter;

fn at(latitude: f64, longitude: f64) -> Point {
    Point { latitude, longitude }
}

fn circle(name: &str, notify: Notify, group: Option<GroupId>) -> NewGeofence {
    let shape = Shape::Circle { centre: at(6.9271, 79.8612), radius: 1000.0 };
    NewGeofence { name: name.to_owned(), description: String::new(), group, shape, notify }
}

const INSIDE: Point = Point { latitude: 6.9280, longitude: 79.8600 };
const OUTSIDE: Point = Point { latitude: 7.2906, longitude: 80.6337 };

impl Site {
    /// A location that the device dates so is stored.
    async fn stored(&self, device: &Device, location: Point, at: Timestamp) {
        let (now, device) = (self.clock.now(), device.clone());
        let new = NewLocation { at: Some(at), ..NewLocation::at(location.latitude, location.longitude).unwrap() };
        let effects = self.app.store().write(Flush::Now, move |tx| {
            let mut effects = Effects::default();
            crate::app::location::store_location(tx, &mut effects, &device, new, now)?;
            Ok::<_, Error>(effects)
        });
        self.app.follow(effects.await.unwrap()).await;
    }

    /// A location of the device is stored.
    async fn seen(&self, device: &Device, location: Point) {
        self.clock.advance(Duration::from_mins(1));
        let (now, device) = (self.clock.now(), device.clone());
        let effects = self.app.store().write(Flush::Now, move |tx| {
            let mut effects = Effects::default();
            evaluate(tx, &mut effects, &device, location, now)?;
            Ok::<_, Error>(effects)
        });
        self.app.follow(effects.await.unwrap()).await;
    }

    /// What people were told, the first first.
    async fn told(&self) -> Vec<String> {
        let all = self.app.notifications(&operator(), NotificationFilter::default(), 0, 100).await.unwrap();
        let mut texts: Vec<_> = all.items.into_iter().filter(|one| one.kind == NotificationKind::Geofence).collect();
        texts.reverse();
        texts.into_iter().map(|one| one.text).collect()
    }

    fn noticed(&self, text: &str) -> usize {
        let notices = self.app.notices(&operator()).unwrap();
        notices.iter().filter(|one| matches!(&***one, Change::Notice { text: told, .. } if told == text)).count()
    }

    async fn fence(&self, new: NewGeofence) -> Geofence {
        self.app.create_geofence(&operator(), new).await.unwrap()
    }
}

#[tokio::test]
async fn crossings_are_told_once_each() {
    let site = site().await;
    let pi = site.pi("pi-1").await;
    let fence = site.fence(circle("harbour", Notify::Both, None)).await;
    for location in [OUTSIDE, OUTSIDE, INSIDE, INSIDE, OUTSIDE] {
        site.seen(&pi, location).await;
    }
    assert_eq!(site.told().await, ["pi-1 entered harbour", "pi-1 left harbour"]);
    assert_eq!(site.noticed("pi-1 entered harbour"), 1);
    site.seen(&pi, INSIDE).await;
    let since = site.clock.now();
    site.seen(&pi, INSIDE).await;
    let whereabouts = site.app.whereabouts(&itself(&pi), pi.id).await.unwrap();
    assert_eq!((whereabouts.len(), whereabouts[0].inside, whereabouts[0].geofence), (1, true, fence.id));
    assert!(since.since(whereabouts[0].since) < Duration::from_secs(1));
    assert_eq!(site.app.geofence(&operator(), fence.id).await.unwrap().inside, 1);
    assert_eq!(site.app.devices_inside(&operator(), fence.id).await.unwrap(), [pi.id]);
    // A device that is first seen inside has come in.
    let other = site.pi("pi-2").await;
    site.seen(&other, INSIDE).await;
    assert_eq!(site.told().await.last().unwrap(), "pi-2 entered harbour");
}

#[tokio::test]
async fn a_location_that_comes_late_crosses_nothing() {
    let site = site().await;
    let pi = site.pi("pi-1").await;
    site.fence(circle("harbour", Notify::Both, None)).await;
    let now = site.clock.now();
    site.stored(&pi, INSIDE, now.minus(Duration::from_mins(1))).await;
    site.stored(&pi, OUTSIDE, now.minus(Duration::from_mins(5))).await;
    assert_eq!(site.told().await, ["pi-1 entered harbour"]);
    site.stored(&pi, OUTSIDE, now).await;
    assert_eq!(site.told().await, ["pi-1 entered harbour", "pi-1 left harbour"]);
}

#[tokio::test]
async fn people_are_told_what_they_want_to_know() {
    let site = site().await;
    let pi = site.pi("pi-1").await;
    for notify in Notify::ALL {
        site.fence(circle(notify.name(), notify, None)).await;
    }
    site.seen(&pi, INSIDE).await;
    site.seen(&pi, OUTSIDE).await;
    let told = site.told().await;
    assert_eq!(told, ["pi-1 entered enter", "pi-1 entered both", "pi-1 left leave", "pi-1 left both"]);
    for unasked in ["pi-1 entered none", "pi-1 left none", "pi-1 entered leave", "pi-1 left enter"] {
        assert_eq!(site.noticed(unasked), 1, "{unasked} is an event all the same");
    }
}

#[tokio::test]
async fn a_geofence_watches_the_devices_of_its_group() {
    let site = site().await;
    let (member, other) = (site.pi("pi-1").await, site.pi("pi-2").await);
    let vans = crate::model::group::NewGroup { name: "vans".to_owned(), ..Default::default() };
    let group = site.app.create_group(&operator(), vans).await.unwrap();
    site.app.add_to_group(&operator(), group.id, vec![member.id]).await.unwrap();
    let fence = site.fence(circle("yard", Notify::Both, Some(group.id))).await;
    for pi in [&member, &other] {
        site.seen(pi, INSIDE).await;
    }
    assert_eq!(site.told().await, ["pi-1 entered yard"]);
    let inside = || async { site.app.geofence(&operator(), fence.id).await.unwrap().inside };
    assert_eq!(inside().await, 1);
    // Out of the group it is out of sight, and back in it is seen for the first time.
    site.app.remove_from_group(&operator(), group.id, vec![member.id]).await.unwrap();
    assert_eq!(inside().await, 0);
    assert!(site.app.whereabouts(&operator(), member.id).await.unwrap().is_empty());
    site.seen(&member, OUTSIDE).await;
    site.app.add_to_group(&operator(), group.id, vec![member.id]).await.unwrap();
    site.seen(&member, OUTSIDE).await;
    assert_eq!(site.told().await.len(), 1);
    site.seen(&member, INSIDE).await;
    site.app.remove_device(&operator(), member.id).await.unwrap();
    assert_eq!(inside().await, 0);
    site.app.delete_group(&operator(), group.id).await.unwrap();
    assert!(matches!(site.app.geofence(&operator(), fence.id).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn another_area_sees_every_device_anew() {
    let site = site().await;
    let pi = site.pi("pi-1").await;
    let fence = site.fence(circle("harbour", Notify::Both, None)).await;
    site.seen(&pi, INSIDE).await;
    let renamed = circle("port", Notify::Both, None);
    let edited = site.app.edit_geofence(&operator(), fence.id, renamed.clone()).await.unwrap();
    assert_eq!((edited.name.as_str(), edited.inside), ("port", 1), "a name changes nothing about who is in");
    let moved = NewGeofence { shape: Shape::Circle { centre: OUTSIDE, radius: 500.0 }, ..renamed };
    assert_eq!(site.app.edit_geofence(&operator(), fence.id, moved).await.unwrap().inside, 0);
    site.seen(&pi, INSIDE).await;
    assert_eq!(site.told().await, ["pi-1 entered harbour"], "it has not left what it was not seen in");
    site.app.delete_geofence(&operator(), fence.id).await.unwrap();
    assert!(site.app.whereabouts(&operator(), pi.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_made_is_refused() {
    let site = site().await;
    site.fence(circle("harbour", Notify::Both, None)).await;
    let admin = operator();
    let create = |new| site.app.create_geofence(&admin, new);
    let field = |result: Result<Geofence, Error>| match result {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert!(matches!(create(circle("HARBOUR", Notify::Both, None)).await, Err(Error::Conflict(_))));
    assert_eq!(field(create(circle(" ", Notify::Both, None)).await), "name");
    assert_eq!(field(create(circle("a\u{7}b", Notify::Both, None)).await), "name");
    let nowhere = Some(GroupId::fresh(site.clock.now()));
    assert_eq!(field(create(circle("x", Notify::Both, nowhere)).await), "group");
    let small = NewGeofence { shape: Shape::Circle { centre: INSIDE, radius: 1.0 }, ..circle("x", Notify::Both, None) };
    assert_eq!(field(create(small).await), "shape");
    for number in 1..MAX_GEOFENCES {
        site.fence(circle(&number.to_string(), Notify::None, None)).await;
    }
    assert!(matches!(create(circle("one more", Notify::Both, None)).await, Err(Error::Conflict(_))));
    let reader = with(&[Scope::Read, Scope::Operate]);
    let refused = site.app.create_geofence(&reader, circle("x", Notify::Both, None)).await;
    assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Policy })), "{refused:?}");
    assert_eq!(site.app.geofences(&reader).await.unwrap().len(), MAX_GEOFENCES);
}
