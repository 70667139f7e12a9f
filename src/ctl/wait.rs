//! Waiting for operations by following the event stream, over as many connections as it takes.

use std::time::Duration;

use tokio::time::sleep;

use crate::client::operation::OperationQuery;
use crate::client::{Client, Error, Watch, WatchMessage};
use crate::model::operation::OperationStatus;
use crate::wire::operation::{Activity, Operation};
use crate::wire::watch::Change;

/// The pause before the first new attempt to connect; it doubles with each, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Keeps `activity` up to date until all its operations have ended, and tells `progress` of each change.
///
/// An operation that was merged into one that stood open already is followed as that one. May be dropped at any time:
/// `activity` then holds what is known.
///
/// # Errors
/// The daemon refused to answer; that it went away is none, since it may come back.
pub(super) async fn until_ended(
    client: &Client,
    mut watch: Watch,
    activity: &mut Activity,
    mut progress: impl FnMut(&Operation),
) -> Result<(), Error> {
    follow_merged(client, activity).await?;
    activity.operations.iter().for_each(&mut progress);
    while activity.operations.iter().any(|operation| !operation.status.is_final()) {
        match watch.next().await {
            Ok(Some(WatchMessage::Delta(delta))) => {
                for change in delta.changes {
                    if let Change::Operation { operation } = change {
                        update(activity, *operation, &mut progress);
                    }
                }
                if delta.dropped > 0 {
                    refresh(client, activity, &mut progress).await?;
                }
            }
            Ok(Some(WatchMessage::Snapshot(_))) => refresh(client, activity, &mut progress).await?,
            Ok(None) => watch = reopen(client).await?,
            Err(error) if error.is_unreachable() => watch = reopen(client).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn update(activity: &mut Activity, news: Operation, progress: &mut impl FnMut(&Operation)) {
    if let Some(known) = activity.operations.iter_mut().find(|known| known.id == news.id) {
        let changed = known.status != news.status || known.reason != news.reason;
        *known = news;
        if changed {
            progress(known);
        }
    }
}

/// Asks for the operations themselves: the stream may have missed some of their changes.
async fn refresh(client: &Client, activity: &mut Activity, progress: &mut impl FnMut(&Operation)) -> Result<(), Error> {
    let fresh = match client.activity(&activity.id.to_string()).await {
        Ok(fresh) => fresh.operations,
        // The stream will end too, and the next one starts with a refresh.
        Err(error) if error.is_unreachable() => return Ok(()),
        Err(error) => return Err(error),
    };
    for operation in fresh {
        update(activity, operation, progress);
    }
    let elsewhere: Vec<_> = activity
        .operations
        .iter()
        .filter(|operation| operation.activity != activity.id && !operation.status.is_final())
        .map(|operation| operation.id)
        .collect();
    for id in elsewhere {
        match client.operation(id).await {
            Ok(operation) => update(activity, operation, progress),
            Err(error) if error.is_unreachable() => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Puts the operations that do the work in the place of those that were merged into them.
async fn follow_merged(client: &Client, activity: &mut Activity) -> Result<(), Error> {
    for operation in activity.operations.iter_mut().filter(|known| known.status == OperationStatus::Repeated) {
        let query = OperationQuery {
            device: Some(operation.device.into()),
            statuses: vec![OperationStatus::Pending, OperationStatus::InProgress, OperationStatus::NotNow],
            code: Some(operation.code.clone()),
            ..OperationQuery::default()
        };
        let open = client.operations(&query).await?.items;
        if let Some(standing) = open.into_iter().find(|open| open.payload == operation.payload) {
            *operation = standing;
        }
    }
    Ok(())
}

/// A new stream, as soon as the daemon answers again.
pub(super) async fn reopen(client: &Client) -> Result<Watch, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        sleep(pause).await;
        match client.watch().await {
            Ok(watch) => return Ok(watch),
            Err(error) if error.is_unreachable() || error.status().is_some_and(|status| status >= 500) => {}
            Err(error) => return Err(error),
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
