//! The server certificate follows the site: its age, its name, its addresses.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::host;
use crate::pki::Pki;

/// How often the certificate is compared with the site. Addresses change when a cable is pulled or a lease ends.
const PERIOD: Duration = Duration::from_mins(1);

/// Renews the certificate whenever it no longer fits, until `stop`.
pub(super) async fn keep(app: App, pki: Arc<Pki>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(PERIOD)).await.is_some() {
        refresh(&app, Arc::clone(&pki)).await;
    }
}

/// Renews the certificate if it no longer fits, and tells the application what there is now.
pub(super) async fn refresh(app: &App, pki: Arc<Pki>) {
    let now = app.clock().now();
    let renewed = tokio::task::spawn_blocking(move || {
        let renewed = pki.renew_if_needed(now, &host::hostname(), &host::addresses());
        (renewed, pki.fingerprint(), pki.authority_pem().to_owned(), pki.server_expires_at())
    });
    let Ok((renewed, fingerprint, pem, expires_at)) = renewed.await else { return };
    if let Err(error) = renewed {
        tracing::error!(error = &error as &dyn std::error::Error, "cannot renew the server certificate");
    }
    app.update_standing(|standing| {
        standing.ca_fingerprint = fingerprint;
        standing.ca_pem = pem;
        standing.certificate_expires_at = Some(expires_at);
    });
}
