//! How a query fills a group: the members are kept in the store, so that lists, policies and shares see one thing, and
//! are made true again whenever a fact of a device changes, and from time to time for what changes by itself.

use crate::app::{App, Error};
use crate::model::group::Group;
use crate::model::query::{Field, Query};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Tx};

/// Checks the query of a group. No group may hang on itself.
pub(super) fn check_query(text: &str) -> Result<Query, Error> {
    let query = Query::parse(text).map_err(|error| Error::invalid("query", error.to_string()))?;
    if query.is_empty() {
        return Err(Error::invalid("query", "a query has at least one term; leave it out for a group filled by hand"));
    }
    // What hangs on groups cannot fill them: a device would go in and out for ever.
    if [Field::Group, Field::Policy, Field::Compliant].iter().any(|field| query.names(field)) {
        return Err(Error::invalid("query", "the query of a group may not name groups, policies or compliance"));
    }
    Ok(query)
}

/// Puts a device into the groups whose query it fits now, and takes it out of those it does not. Called wherever a
/// fact of a device changes, in the transaction that changes it; what policy that leads to is found out by
/// [`App::settle_stale`].
pub(in crate::app) fn settle_groups(tx: &Tx<'_>, device: i64, now: Timestamp) -> Result<(), Error> {
    for (group, text) in tx.query_groups()? {
        let Ok(query) = Query::parse(&text) else { continue };
        let fits = tx.fits(device, &query, now)?;
        if fits != tx.is_member(group, device)? {
            tx.set_member(group, device, fits)?;
        }
    }
    Ok(())
}

/// Makes a group with a query hold what fits it; returns the devices whose membership changed.
pub(super) fn fill(tx: &Tx<'_>, group: &Group, now: Timestamp) -> Result<Vec<i64>, Error> {
    let Some(query) = group.query.as_deref().and_then(|text| Query::parse(text).ok()) else { return Ok(Vec::new()) };
    refill(tx, group.number, &query, now)
}

fn refill(tx: &Tx<'_>, group: i64, query: &Query, now: Timestamp) -> Result<Vec<i64>, Error> {
    let (mut joining, leaving) = tx.out_of_place(group, query, now)?;
    for device in &joining {
        tx.set_member(group, *device, true)?;
    }
    for device in &leaving {
        tx.set_member(group, *device, false)?;
    }
    joining.extend(leaving);
    Ok(joining)
}

impl App {
    /// Makes every group with a query hold what fits it, for terms that come true by themselves, such as `seen>1d`, and
    /// for what telemetry says. Returns how many memberships changed.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn sweep_groups(&self) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        // Read first: mostly nothing has changed, and then the writer is not asked.
        let stale = self
            .inner
            .store
            .read(move |rx| {
                let mut stale = Vec::new();
                for (group, text) in rx.query_groups()? {
                    let Ok(query) = Query::parse(&text) else { continue };
                    let (joining, leaving) = rx.out_of_place(group, &query, now)?;
                    if !joining.is_empty() || !leaving.is_empty() {
                        stale.push(group);
                    }
                }
                Ok::<_, Error>(stale)
            })
            .await?;
        let mut changed = 0;
        for group in stale {
            changed += self
                .inner
                .store
                .write(Flush::Lazy, move |tx| match tx.group_numbered(group)? {
                    Some(group) => Ok::<_, Error>(fill(tx, &group, now)?.len()),
                    None => Ok(0),
                })
                .await?;
        }
        Ok(changed)
    }
}
