//! The board itself: what it is, how busy it is, and what of it Pym may use.
//!
//! What a board does not tell is `None`, never zero and never fine. Kernel files are read below a root that tests replace.

mod cgroup;
mod disk;
mod network;
mod pi;

use std::fs;
use std::path::{Path, PathBuf};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use thiserror::Error;

use crate::model::host::{Balena, Host, Process, Space};
use crate::model::timestamp::Timestamp;
use network::Network;
pub use network::addresses;

/// The most bytes read of a kernel file; each holds a line or two.
const MAX_KERNEL_FILE: u64 = 64 * 1024;

/// The operating system shows nothing of the board.
#[derive(Debug, Error)]
#[error("cannot read the board's state")]
pub struct Error(#[from] sysinfo::Error);

/// Reads the board; keep one, for rates are since the last sample.
#[derive(Debug)]
pub struct Board {
    root: PathBuf,
    data_dir: PathBuf,
    system: System,
    network: Network,
    pid: Pid,
    /// What does not change while the board runs.
    facts: Host,
}

impl Board {
    /// A board whose disk is that of `data_dir`. The first sample follows at least 200 ms later, or its CPU use is zero.
    ///
    /// # Errors
    /// On systems that show nothing of themselves.
    pub fn new(data_dir: &Path) -> Result<Self, Error> {
        Self::at("/".into(), data_dir)
    }

    fn at(root: PathBuf, data_dir: &Path) -> Result<Self, Error> {
        let mut system = System::new()?;
        system.refresh_cpu_usage();
        // In a container the device tree is hidden and the system is the image's; balena tells those of the board.
        let balena = balena(|name| std::env::var(name).ok());
        let told = |fact: fn(&Balena) -> &String| balena.as_ref().map(fact).filter(|value| !value.is_empty()).cloned();
        let brand = || Some(system.cpus().first()?.brand().trim().to_owned());
        let model = pi::model(&root).or_else(|| told(|balena| &balena.device_type)).or_else(brand);
        let os = told(|balena| &balena.os).or_else(|| System::long_os_version().ok());
        let facts = Host {
            hostname: hostname(),
            model: model.unwrap_or_default(),
            os: os.unwrap_or_default(),
            kernel: System::kernel_version().unwrap_or_default(),
            arch: System::cpu_arch(),
            balena,
            ..Host::default()
        };
        let pid = Pid::from_u32(std::process::id());
        Ok(Self { root, data_dir: data_dir.to_owned(), system, network: Network::new()?, pid, facts })
    }

    /// The board now. Reads a few dozen small kernel files, so not from an asynchronous task.
    pub fn sample(&mut self, now: Timestamp) -> Host {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, kind);
        let load = System::load_average().map(|load| [load.one, load.five, load.fifteen]);
        let total = self.system.total_memory();
        Host {
            at: now,
            uptime_secs: System::uptime().unwrap_or_default(),
            cpu: self.system.cpus().iter().map(|cpu| cpu.usage().clamp(0.0, 100.0)).collect(),
            load: load.unwrap_or_default(),
            memory: Space { used: total.saturating_sub(self.system.available_memory()), total },
            swap: Space { used: self.system.used_swap(), total: self.system.total_swap() },
            disk: disk::space(&self.data_dir).unwrap_or_default(),
            temperature: pi::temperature(&self.root),
            power: pi::power(&self.root),
            network: self.network.sample(),
            limits: cgroup::limits(&self.root),
            daemon: self.daemon(),
            ..self.facts.clone()
        }
    }

    fn daemon(&self) -> Process {
        let Some(process) = self.system.process(self.pid) else { return Process::default() };
        let open_files = process.open_files().and_then(|count| u64::try_from(count).ok());
        Process { rss: process.memory(), cpu: process.cpu_usage(), open_files: open_files.unwrap_or_default() }
    }
}

/// What balena tells in the environment of every container; `None` elsewhere.
fn balena(variable: impl Fn(&str) -> Option<String>) -> Option<Balena> {
    let told = |name: &str| variable(&format!("BALENA_{name}")).unwrap_or_default();
    let found = Balena {
        uuid: told("DEVICE_UUID"),
        name: told("DEVICE_NAME_AT_INIT"),
        fleet: told("APP_NAME"),
        service: told("SERVICE_NAME"),
        device_type: told("DEVICE_TYPE"),
        os: told("HOST_OS_VERSION"),
        supervisor: told("SUPERVISOR_VERSION"),
    };
    (found != Balena::default()).then_some(found)
}

/// The board's name in its network, without domain unless it was set with one; `localhost` if it has none.
#[must_use]
pub fn hostname() -> String {
    System::host_name().ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

/// The text of a kernel file, trimmed of white space and the NUL of device trees; `None` where there is no such file.
fn read(path: &Path) -> Option<String> {
    use std::io::Read;
    let mut text = String::new();
    fs::File::open(path).ok()?.take(MAX_KERNEL_FILE).read_to_string(&mut text).ok()?;
    Some(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
}

/// The entries of `dir` whose name `wanted` accepts, sorted; none where there is no such directory.
fn entries(dir: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<_> = found
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::host::Power;

    /// A root directory that holds these files.
    pub(super) fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn this_board_is_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        let mut board = Board::new(dir.path()).unwrap();
        let now = Timestamp::from_secs(7);
        let host = board.sample(now);
        assert_eq!(host.at, now);
        assert!(!host.cpu.is_empty() && host.memory.total > host.memory.used && host.memory.used > 0, "{host:?}");
        assert!(host.disk.total > 0 && host.disk.used <= host.disk.total, "{host:?}");
        assert!(host.daemon.rss > 0 && host.daemon.open_files > 2 && host.uptime_secs > 0, "{host:?}");
        assert!(!host.hostname.is_empty() && !host.arch.is_empty() && !host.kernel.is_empty(), "{host:?}");
    }

    #[test]
    fn a_board_that_tells_nothing_is_unknown() {
        let root = tree(&[]);
        let host = Board::at(root.path().to_owned(), &root.path().join("gone")).unwrap().sample(Timestamp::default());
        assert_eq!((host.temperature, host.power), (None, Power::default()));
        assert_eq!(host.disk, Space::default());
        assert_eq!((host.limits.cpu, host.limits.memory), (None, None));
    }

    #[test]
    fn balena_tells_of_its_device_and_nobody_else_does() {
        assert_eq!(balena(|_| None), None);
        assert_eq!(balena(|_| Some(String::new())), None, "set and empty is not set");
        let told = balena(|name| match name {
            "BALENA_DEVICE_UUID" => Some("f00d".to_owned()),
            "BALENA_APP_NAME" => Some("fog".to_owned()),
            _ => None,
        });
        let wanted = Balena { uuid: "f00d".to_owned(), fleet: "fog".to_owned(), ..Balena::default() };
        assert_eq!(told, Some(wanted));
    }

    #[test]
    fn a_raspberry_pi_4_is_read_from_its_files() {
        let root = tree(&[
            ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"),
            ("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"),
            ("sys/class/thermal/thermal_zone0/temp", "48312\n"),
            ("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n"),
        ]);
        let host = Board::at(root.path().to_owned(), root.path()).unwrap().sample(Timestamp::default());
        assert_eq!(host.model, "Raspberry Pi 4 Model B Rev 1.4");
        assert_eq!(host.temperature, Some(48.312));
        assert_eq!((host.power.under_voltage, host.power.throttled), (Some(true), Some(true)));
    }
}
