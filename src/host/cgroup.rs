//! The limits of the control group Pym runs in (the kernel's admin-guide/cgroup-v2, and cgroup-v1 on older systems).
//!
//! Any group above may set a tighter limit, so the smallest on the way up counts.

use std::path::{Component, Path, PathBuf};

use super::read;
use crate::model::host::Limits;

/// Version 1 writes "no limit" as the largest multiple of the page size below 2^63.
const NO_LIMIT: u64 = 1 << 62;

/// The limits on memory and processors; `None` is no limit.
pub(super) fn limits(root: &Path) -> Limits {
    let groups = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    // A line is `number:controllers:path`; version 2 has no controllers there.
    let group = |controller: &str| {
        let mut lines = groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
        lines.find(|(controllers, _)| controllers.split(',').any(|name| name == controller)).map(|(_, path)| path)
    };
    let above = |mount: &str, controller: &str| ancestors(&root.join(mount), group(controller).unwrap_or("/"));
    let memory = above("sys/fs/cgroup", "")
        .into_iter()
        .map(|dir| dir.join("memory.max"))
        .chain(above("sys/fs/cgroup/memory", "memory").into_iter().map(|dir| dir.join("memory.limit_in_bytes")))
        .filter_map(|file| read(&file)?.parse().ok())
        .filter(|limit| *limit < NO_LIMIT)
        .min();
    let cpu = above("sys/fs/cgroup", "")
        .iter()
        .filter_map(|dir| cores(&read(&dir.join("cpu.max"))?))
        .chain(above("sys/fs/cgroup/cpu", "cpu").iter().filter_map(|dir| {
            let quota = read(&dir.join("cpu.cfs_quota_us"))?;
            cores(&format!("{quota} {}", read(&dir.join("cpu.cfs_period_us"))?))
        }))
        .min_by(f64::total_cmp);
    Limits { memory, cpu }
}

/// `150000 100000`, microseconds of processor time in a period, is one core and a half; `max` and negative are no limit.
fn cores(text: &str) -> Option<f64> {
    let (quota, period) = text.split_once(' ')?;
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.trim().parse().ok()?);
    (period > 0).then(|| f64::from(quota) / f64::from(period))
}

/// The group's directory and all above it, up to the mount point.
fn ancestors(mount: &Path, group: &str) -> Vec<PathBuf> {
    let mut dir = mount.to_owned();
    let mut dirs = vec![dir.clone()];
    // Seen from within a container without a namespace of its own, the path may lead out of the mount with `..`.
    for component in Path::new(group).components() {
        if let Component::Normal(name) = component {
            dir.push(name);
            dirs.push(dir.clone());
        }
    }
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::tree;

    #[test]
    fn a_container_has_its_limits_at_the_mount() {
        let root = tree(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/memory.max", "268435456\n"),
        ]);
        assert_eq!(limits(root.path()), Limits { memory: Some(256 << 20), cpu: Some(1.5) });
    }

    #[test]
    fn the_tightest_group_above_a_service_counts() {
        let root = tree(&[
            ("proc/self/cgroup", "0::/system.slice/pymd.service\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "1000000\n"),
            ("sys/fs/cgroup/system.slice/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/system.slice/pymd.service/memory.max", "2000000\n"),
            ("sys/fs/cgroup/system.slice/pymd.service/cpu.max", "50000 100000\n"),
        ]);
        assert_eq!(limits(root.path()), Limits { memory: Some(1_000_000), cpu: Some(0.5) });
    }

    #[test]
    fn version_1_is_understood() {
        let root = tree(&[
            ("proc/self/cgroup", "4:memory:/docker/x\n1:cpu,cpuacct:/docker/x\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "64000000\n"),
            ("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(limits(root.path()), Limits { memory: Some(64_000_000), cpu: None });
    }
}
