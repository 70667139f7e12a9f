//! `backup`: the site's database in a file.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::Output;
use super::units::size;
use crate::client::Client;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write; only its owner may read it
    file: PathBuf,
    /// Replace the file that is there
    #[arg(long)]
    force: bool,
}

pub(super) async fn write(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let path = &args.file;
    refuse_existing(path, args.force)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let written = receive(client, &part).await;
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(failure) => {
            // What came is no backup.
            let _ = fs::remove_file(&part);
            return Err(failure);
        }
    };
    fs::rename(&part, path).map_err(|source| Failure::file("write", path, source))?;
    if output.is_json() {
        return output.document(&serde_json::json!({ "file": path, "bytes": bytes }));
    }
    output.line(format_args!("{} in {}. Keep it secret: it holds what the site knows.", size(bytes), path.display()))
}

/// Writes the backup to `part`, which is on the disk when this returns; how many bytes it has.
async fn receive(client: &Client, part: &Path) -> Result<u64, Failure> {
    let fail = |source| Failure::file("write", part, source);
    let mut backup = client.backup().await?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part).map_err(fail)?;
    let mut bytes = 0;
    while let Some(chunk) = backup.chunk().await? {
        file.write_all(&chunk).map_err(fail)?;
        bytes += chunk.len() as u64;
    }
    file.sync_all().map_err(fail)?;
    Ok(bytes)
}

/// A failure when there is a file and it may not be replaced.
pub(super) fn refuse_existing(path: &Path, force: bool) -> Result<(), Failure> {
    if !force && path.symlink_metadata().is_ok() {
        return Err(Failure::Failed(format!("{} is there already; --force replaces it", path.display())));
    }
    Ok(())
}
