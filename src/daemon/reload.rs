//! SIGHUP: what can change while the daemon runs, and what has to wait for its next start.

use std::sync::Arc;

use crate::config::{Args, Config};
use crate::log;
use crate::pki::Pki;

/// Reads configuration and certificates again; what is wrong is logged, and everything stays as it was.
pub(super) async fn reload(config: &mut Config, args: &Args, levels: &log::Levels, pki: &Arc<Pki>) {
    match Config::load(args) {
        Ok((new, notes)) => {
            for note in notes {
                tracing::info!("{note}");
            }
            for key in waiting(config, &new) {
                tracing::warn!(key, "a change takes effect at the next start");
            }
            levels.set(new.log.levels.clone());
            config.log.levels = new.log.levels;
            config.drain_deadline = new.drain_deadline;
            tracing::info!("configuration read again");
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the configuration stays as it was");
        }
    }
    let pki = Arc::clone(pki);
    let reloaded = tokio::task::spawn_blocking(move || pki.reload());
    if let Ok(Err(error)) = reloaded.await {
        tracing::error!(error = &error as &dyn std::error::Error, "the server certificate stays as it was");
    }
}

/// The keys that differ and cannot be changed while the daemon runs.
fn waiting(old: &Config, new: &Config) -> Vec<&'static str> {
    let keys = [
        ("data_dir", old.data_dir != new.data_dir),
        ("public_host", old.public_host != new.public_host),
        ("listen", old.listen != new.listen),
        ("silence", old.silence != new.silence),
        ("auth.access_token_ttl", old.access_token_ttl != new.access_token_ttl),
        ("log.format", old.log.format != new.log.format),
        ("limits", old.limits != new.limits),
    ];
    keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}
