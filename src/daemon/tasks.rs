//! The long-lived tasks, watched over: none may end before it is told to.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::DaemonError;

/// The tasks and their names.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    set: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Tasks {
    /// Starts a task.
    pub(super) fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.set.spawn(task);
        self.names.insert(handle.id(), name);
    }

    /// Waits until a task ends that was not told to; never returns while all are well.
    pub(super) async fn ended(&mut self) -> DaemonError {
        match self.set.join_next_with_id().await {
            Some(Ok((id, ()))) => DaemonError::Task { name: self.name(id), how: "ended" },
            Some(Err(error)) => self.failed(&error),
            None => std::future::pending().await,
        }
    }

    /// Waits for all tasks, which have been told to end, and aborts those that do not in time.
    pub(super) async fn finish(&mut self, deadline: Duration) {
        let deadline = Instant::now() + deadline;
        while let Ok(next) = timeout_at(deadline, self.set.join_next_with_id()).await {
            match next {
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let error = self.failed(&error);
                    tracing::error!(error = &error as &dyn std::error::Error, "a task failed at the end");
                }
                None => return,
            }
        }
        tracing::warn!(tasks = self.set.len(), "tasks did not end in time");
        self.set.shutdown().await;
    }

    fn failed(&self, error: &JoinError) -> DaemonError {
        let how = if error.is_panic() { "panicked" } else { "was cancelled" };
        DaemonError::Task { name: self.name(error.id()), how }
    }

    fn name(&self, id: Id) -> &'static str {
        self.names.get(&id).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_the_task_that_ended_or_panicked() {
        let mut tasks = Tasks::default();
        tasks.spawn("steady", std::future::pending());
        tasks.spawn("brief", async {});
        assert_eq!(tasks.ended().await.to_string(), "the task \"brief\" ended unexpectedly");
        tasks.spawn("broken", async { panic!("on purpose") });
        assert_eq!(tasks.ended().await.to_string(), "the task \"broken\" panicked unexpectedly");
        tasks.finish(Duration::ZERO).await;
    }
}
