//! Application packages: taken in piece by piece, kept as files, handed to devices, installed and removed.
//!
//! A device fetches a package without credentials, through the system's own downloads; its name in URLs is random, and
//! whoever knows it may have the package.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};

use super::agent::Reach;
use super::bulk::mark;
use super::{App, Error, require};
use crate::file;
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::change::Area;
use crate::model::device::DeviceFilter;
use crate::model::id::{DeviceId, PackageId};
use crate::model::operation::{Activity, NewActivity};
use crate::model::package::{MAGIC, MAX_PACKAGE, NewPackage, Package};
use crate::store::{Flush, Rx, Store};

/// The most packages.
const MAX_PACKAGES: usize = 500;
/// Bytes of the disk that an upload leaves free: the database and the system live there too.
const SPARE: u64 = 128 * 1024 * 1024;
/// Bytes written at a time.
const BATCH: usize = 256 * 1024;
/// Where devices fetch packages; the Android agent puts the host and port it knows in front.
pub const STORE_PATH: &str = "/store/api/mobileapp/getfile/";

/// What is to be done with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Install,
    Update,
    Uninstall,
}

impl App {
    /// Takes a package in. The same bytes for the same application and version again are the package that is there.
    ///
    /// # Errors
    /// [`Error::Invalid`] for words that cannot be, bytes that are no APK or too many, [`Error::Conflict`] for one
    /// package too many or a disk without room, [`Error::Forbidden`] without the scope `policy`.
    pub async fn add_package<E: std::error::Error + Send + Sync + 'static>(
        &self,
        actor: &Actor,
        new: NewPackage,
        content: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Package, Error> {
        require(actor, Scope::Policy)?;
        new.check().map_err(|(field, why)| Error::invalid(field, why))?;
        let known = self.inner.store.read(|rx| rx.packages().map_err(Error::from)).await?.len();
        if known >= MAX_PACKAGES {
            return Err(Error::Conflict(format!("there are {MAX_PACKAGES} packages already")));
        }
        let dir = directory(&self.inner.settings.data_dir);
        let (part, size, sha256) = receive(dir.clone(), content).await?;
        let now = self.inner.clock.now();
        let package = Package {
            id: PackageId::fresh(now),
            file: random_name()?,
            name: if new.name.is_empty() { new.identifier.clone() } else { new.name },
            identifier: new.identifier,
            version: new.version,
            size,
            sha256: hex(&sha256),
            uploaded_by: actor.principal.to_string(),
            uploaded_at: now,
        };
        let target = dir.join(&package.file);
        let placed = target.clone();
        blocking("keep the package", move || part.keep_as(&placed)).await?;
        let actor = actor.clone();
        let name = package.file.clone();
        let stored = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let known = tx.packages()?;
                let full = known.len() >= MAX_PACKAGES;
                let twin = known.into_iter().find(|other| {
                    (&other.sha256, &other.identifier, &other.version)
                        == (&package.sha256, &package.identifier, &package.version)
                });
                if let Some(twin) = twin {
                    return Ok(twin);
                }
                if full {
                    return Err(Error::Conflict(format!("there are {MAX_PACKAGES} packages already")));
                }
                tx.insert_package(&package, sha256)?;
                let detail = format!("{} {}, {} bytes", package.identifier, package.version, package.size);
                tx.audit(now, &actor, "package.create", &package.id.to_string(), Outcome::Done, &detail)?;
                Ok::<_, Error>(package)
            })
            .await;
        if stored.as_ref().map_or(true, |package| package.file != name) {
            // The row is another's, or there is none.
            blocking("remove a package that was there", move || remove(&target)).await?;
        }
        let stored = stored?;
        self.edited(Area::Packages);
        Ok(stored)
    }

    /// Every package.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `policy`.
    pub async fn packages(&self, actor: &Actor) -> Result<Vec<Package>, Error> {
        require(actor, Scope::Policy)?;
        self.inner.store.read(|rx| rx.packages().map_err(Error::from)).await
    }

    /// The package of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] without the scope `policy`.
    pub async fn package(&self, actor: &Actor, id: PackageId) -> Result<Package, Error> {
        require(actor, Scope::Policy)?;
        self.inner.store.read(move |rx| known(rx, id)).await
    }

    /// A package and its bytes.
    ///
    /// # Errors
    /// As [`App::package`], and a failure of the disk.
    pub async fn package_content(&self, actor: &Actor, id: PackageId) -> Result<(Package, File), Error> {
        let package = self.package(actor, id).await?;
        self.opened(package).await
    }

    /// A package and its bytes, for whoever knows its name in URLs.
    ///
    /// # Errors
    /// [`Error::NotFound`], and a failure of the disk.
    pub async fn package_file(&self, name: &str) -> Result<(Package, File), Error> {
        let key = name.to_owned();
        let found = self.inner.store.read(move |rx| rx.package_of_file(&key).map_err(Error::from)).await?;
        let package = found.ok_or_else(|| Error::missing("this package"))?;
        self.opened(package).await
    }

    async fn opened(&self, package: Package) -> Result<(Package, File), Error> {
        let path = directory(&self.inner.settings.data_dir).join(&package.file);
        let opened = blocking("open the package", move || File::open(path)).await?;
        Ok((package, opened))
    }

    /// Deletes a package; devices keep what they have installed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] without the scope `policy`.
    pub async fn delete_package(&self, actor: &Actor, id: PackageId) -> Result<(), Error> {
        require(actor, Scope::Policy)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let package = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let package = known(tx, id)?;
                tx.delete_package(id)?;
                let detail = format!("{} {}", package.identifier, package.version);
                tx.audit(now, &actor, "package.delete", &id.to_string(), Outcome::Done, &detail)?;
                Ok::<_, Error>(package)
            })
            .await?;
        self.edited(Area::Packages);
        let path = directory(&self.inner.settings.data_dir).join(&package.file);
        blocking("remove the package", move || remove(&path)).await
    }

    /// What stands for the very devices that fit a filter: the same as long as these are the same.
    ///
    /// # Errors
    /// As [`App::targets`].
    pub async fn mark_targets(&self, actor: &Actor, filter: DeviceFilter) -> Result<String, Error> {
        let mut devices = self.targets(actor, filter).await?;
        devices.sort_unstable();
        Ok(mark(&devices))
    }

    /// As [`App::change_application`], for the devices that fit a filter, if they are still those that the mark of
    /// [`App::mark_targets`] stands for; otherwise nothing is done and there is no activity.
    ///
    /// # Errors
    /// As [`App::change_application`] and [`App::targets`].
    pub async fn change_application_marked(
        &self,
        actor: &Actor,
        id: PackageId,
        change: Change,
        (filter, marked): (DeviceFilter, &str),
        reach: &Reach,
    ) -> Result<Option<(usize, Activity)>, Error> {
        let mut devices = self.targets(actor, filter).await?;
        devices.sort_unstable();
        if mark(&devices) != marked {
            return Ok(None);
        }
        let count = devices.len();
        let activity = self.change_application(actor, id, change, devices, reach).await?;
        Ok(Some((count, activity)))
    }

    /// Has devices install, update or remove the application of a package.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the package or a device, [`Error::Conflict`] when no HTTP door is open, otherwise as
    /// [`App::send`].
    pub async fn change_application(
        &self,
        actor: &Actor,
        id: PackageId,
        change: Change,
        devices: Vec<DeviceId>,
        reach: &Reach,
    ) -> Result<Activity, Error> {
        require(actor, Scope::Operate)?;
        let package = self.inner.store.read(move |rx| known(rx, id)).await?;
        let (code, payload) = match change {
            Change::Uninstall => (
                "UNINSTALL_APPLICATION",
                serde_json::json!({ "appIdentifier": package.identifier, "type": "enterprise" }),
            ),
            Change::Install | Change::Update => {
                let port = reach.http_port.ok_or_else(|| Error::Conflict("no HTTP port is open".to_owned()))?;
                let url = format!("http://{}:{port}{STORE_PATH}{}", reach.host, package.file);
                let code = if change == Change::Install { "INSTALL_APPLICATION" } else { "UPDATE_APPLICATION" };
                let payload = serde_json::json!({
                    "type": "enterprise",
                    "url": url,
                    "appIdentifier": package.identifier,
                    "name": package.name,
                });
                (code, payload)
            }
        };
        let payload = Some(payload.to_string());
        let new = NewActivity { code: code.to_owned(), kind: None, payload, devices, expires_at: None };
        self.send(actor, new).await
    }
}

fn known(rx: &Rx<'_>, id: PackageId) -> Result<Package, Error> {
    rx.package(id)?.ok_or_else(|| Error::missing(format!("package {id}")))
}

fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("packages")
}

/// Removes what a crash left: parts of uploads, and files that no row names.
pub(super) async fn sweep(store: &Store, data_dir: &Path) -> Result<(), Error> {
    let packages = store.read(|rx| rx.packages().map_err(Error::from)).await?;
    let dir = directory(data_dir);
    blocking("clear the packages", move || {
        let entries = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_file() && !packages.iter().any(|package| name == package.file.as_str()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    })
    .await
}

/// An upload on its way: its file goes when it is dropped before it is kept.
struct Part {
    path: PathBuf,
    file: File,
    hash: Sha256,
    size: u64,
    kept: bool,
}

impl Part {
    fn begin(dir: &Path) -> io::Result<Self> {
        file::private_dir(dir, 0o700)?;
        let path = dir.join(format!(".upload-{}", uuid::Uuid::now_v7()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file, hash: Sha256::new(), size: 0, kept: false })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.path)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < SPARE.saturating_add(bytes.len() as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn keep_as(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.kept = true;
        match target.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            // What is left is swept at the next start.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Writes the pieces to a part as they come: its size, and the SHA-256 of its bytes.
async fn receive<E: std::error::Error + Send + Sync + 'static>(
    dir: PathBuf,
    content: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(Part, u64, [u8; 32]), Error> {
    let mut part = blocking("begin the package", move || Part::begin(&dir)).await?;
    let mut content = pin!(content);
    let mut batch = Vec::with_capacity(BATCH);
    let mut first = true;
    loop {
        let piece = content.next().await;
        let ended = piece.is_none();
        if let Some(piece) = piece {
            let piece = piece.map_err(|error| Error::invalid("", format!("the package broke off: {error}")))?;
            batch.extend_from_slice(&piece);
        }
        if batch.len() < BATCH && !ended {
            continue;
        }
        if first && !batch.starts_with(&MAGIC) {
            return Err(Error::invalid("", "the body is no APK: it does not begin as a zip archive does"));
        }
        first = false;
        if part.size.saturating_add(batch.len() as u64) > MAX_PACKAGE {
            return Err(Error::invalid("", format!("a package has at most {MAX_PACKAGE} bytes")));
        }
        let full = std::mem::take(&mut batch);
        (part, batch) = blocking("write the package", move || {
            part.write(&full)?;
            let mut emptied = full;
            emptied.clear();
            Ok((part, emptied))
        })
        .await?;
        if ended {
            let sha256 = part.hash.clone().finalize().into();
            let size = part.size;
            return Ok((part, size, sha256));
        }
    }
}

async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
    done.map_err(|source| match source.kind() {
        io::ErrorKind::StorageFull => Error::Conflict("the disk has no room for the package".to_owned()),
        _ => Error::Failed { what: what.to_owned(), source: source.into() },
    })
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// 128 random bits, beyond guessing, and the ending that the device's installer looks for.
fn random_name() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|source| Error::Failed { what: "name the package".to_owned(), source: source.into() })?;
    Ok(format!("{}.apk", hex(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}
