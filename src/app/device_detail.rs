//! All that is known of one device, in one read.

use super::access::reach;
use super::device::MAX_HISTORY;
use super::{App, Error};
use crate::model::actor::{Actor, Scope};
use crate::model::device_detail::DeviceDetail;
use crate::model::id::DeviceId;

impl App {
    /// A device, removed ones included, with all that is known of it.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn device_detail(&self, actor: &Actor, id: DeviceId) -> Result<DeviceDetail, Error> {
        let actor = actor.clone();
        let read = self.inner.store.read(move |rx| {
            let device = reach(rx, &actor, id, Scope::Read)?;
            let number = device.number;
            Ok::<_, Error>(DeviceDetail {
                device,
                online: false,
                kind: None,
                properties: rx.properties(number)?,
                location: rx.last_location(number)?,
                tags: rx.tags_of(number)?,
                note: if actor.is_device(id) { None } else { rx.note(number)? },
                groups: rx.groups_of(number)?,
                metrics: rx.last_values(number)?,
                history: rx.status_history(number, MAX_HISTORY)?,
                enrollments: rx.enrollments(number)?,
            })
        });
        let mut detail = read.await?;
        detail.online = self.is_online(id);
        detail.kind = self.kind_of(&detail.device);
        if let Some(kind) = &detail.kind {
            kind.arrange(&mut detail.metrics);
        }
        Ok(detail)
    }
}

#[cfg(test)]
mod tests {
    use crate::app::Flush;
    use crate::app::device::DeviceEdit;
    use crate::app::testing::{itself, operator, site};
    use crate::model::telemetry::{NewEvent, Range, Sample, Value};

    #[tokio::test]
    async fn one_read_finds_what_the_single_ones_do() {
        let site = site().await;
        let (app, by) = (&site.app, operator());
        let pi = site.pi("pi").await;
        let edit = DeviceEdit {
            note: Some("on the roof".to_owned()),
            tags: Some(vec!["north".to_owned()]),
            ..DeviceEdit::default()
        };
        app.edit_device(&by, pi.id, edit).await.unwrap();
        let kind = app.kind_of(&pi).unwrap();
        let names: Vec<_> = kind.metrics.iter().rev().map(|metric| metric.name.clone()).collect();
        let one = |name: &str| Sample { metric: name.to_owned(), value: Value::Integer(7) };
        let samples = std::iter::once(one("another")).chain(names.iter().map(|name| one(name))).collect();
        app.ingest(&by, pi.id, vec![NewEvent { device_time: None, samples }], Flush::Now).await.unwrap();

        let detail = app.device_detail(&by, pi.id).await.unwrap();
        assert_eq!(detail.device.identifier, "pi");
        assert_eq!(detail.kind.unwrap().name, kind.name);
        assert_eq!(detail.tags, ["north"]);
        assert_eq!(detail.note.unwrap().text, "on the roof");
        assert_eq!(detail.history.len(), app.status_history(&by, pi.id).await.unwrap().len());
        assert_eq!(detail.enrollments.len(), 1);
        let found: Vec<_> = detail.metrics.iter().map(|value| value.metric.as_str()).collect();
        let ordered: Vec<_> = names.iter().rev().map(String::as_str).chain(["another"]).collect();
        assert_eq!(found, ordered);
        assert!(app.device_detail(&itself(&pi), pi.id).await.unwrap().note.is_none());

        let now = app.clock().now();
        let range = Range {
            from: now.minus(std::time::Duration::from_hours(1)),
            to: now.plus(std::time::Duration::from_secs(1)),
        };
        let wanted = ["another".to_owned(), "nothing".to_owned()];
        let charts = app.charts(&by, pi.id, &wanted, range, 10).await.unwrap();
        assert_eq!(charts.len(), 2);
        assert_eq!(charts[0], app.chart(&by, pi.id, "another", range, 10).await.unwrap());
        assert!(!charts[0].buckets.is_empty() && charts[1].buckets.is_empty());
    }
}
