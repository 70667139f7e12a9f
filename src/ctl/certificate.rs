//! `certificates`: what devices log in with instead of tokens.

use std::path::PathBuf;

use clap::Subcommand;
use comfy_table::{Cell, Color};

use super::device::resolve;
use super::failure::Failure;
use super::output::{Output, now, short, text};
use crate::client::Client;
use crate::model::page::MAX_PAGE;
use crate::wire::certificate::Certificate;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only those of this device
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// The most certificates, newest first
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE)))]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print a certificate
    Show { serial: String },
    /// Have the site's CA sign a request (PKCS #10), and print the certificate
    Sign {
        /// The device it shall name
        #[arg(value_name = "ID")]
        device: String,
        /// The request, in PEM
        file: PathBuf,
    },
    /// Say whether a certificate would let a device in
    Verify {
        /// The certificate, in PEM
        file: PathBuf,
    },
    /// Revoke a certificate; its connections end
    Revoke { serial: String },
}

pub(super) async fn certificates(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|source| Failure::file("read", path, source));
    match args.action {
        None => {
            let device = match &args.device {
                Some(named) => Some(resolve(client, named).await?.id),
                None => None,
            };
            let page = client.certificates(device, Some(args.limit), None).await?;
            if output.is_json() { output.document(&page) } else { print(&page.items, output) }
        }
        Some(Action::Show { serial }) => {
            let certificate = client.certificate(&serial.to_ascii_lowercase()).await?;
            if output.is_json() { output.document(&certificate) } else { output.raw(certificate.pem.as_bytes()) }
        }
        Some(Action::Sign { device, file }) => {
            let csr = read(&file)?;
            let device = resolve(client, &device).await?.id;
            let signed = client.sign_certificate(device, csr).await?;
            if output.is_json() { output.document(&signed) } else { output.raw(signed.certificate.pem.as_bytes()) }
        }
        Some(Action::Verify { file }) => {
            let verdict = client.verify_certificate(read(&file)?).await?;
            if output.is_json() {
                return output.document(&verdict);
            }
            match verdict.reason {
                None => output.line("valid"),
                Some(reason) => output.line(format_args!("invalid: {}", short(&reason, 300))),
            }
        }
        Some(Action::Revoke { serial }) => {
            let certificate = client.revoke_certificate(&serial.to_ascii_lowercase()).await?;
            if output.is_json() {
                return output.document(&certificate);
            }
            output.line(format_args!("certificate {} is revoked", short(&certificate.serial, 40)))
        }
    }
}

fn print(certificates: &[Certificate], output: &mut Output) -> Result<(), Failure> {
    let now = now();
    let rows = certificates.iter().map(|certificate| {
        let state = if certificate.revoked_at.is_some() {
            Cell::new("revoked").fg(Color::Red)
        } else if certificate.not_after <= now {
            Cell::new("expired").fg(Color::Red)
        } else {
            Cell::new("good").fg(Color::Green)
        };
        vec![
            Cell::new(short(&certificate.serial, 40)),
            text(&certificate.subject),
            state,
            Cell::new(certificate.not_after),
            text(&certificate.issued_by),
            output.ago(certificate.created_at),
        ]
    });
    let rows = rows.collect();
    output.table(&["SERIAL", "SUBJECT", "STATE", "UNTIL", "BY", "MADE"], rows)
}
