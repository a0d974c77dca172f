//! What this machine lets this process use: CPUs, memory and GPUs, within the limits that were set for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use paramo_model::{Bytes, Capacity};

use crate::limits::place;

/// What was found, and where each number comes from, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub capacity: Capacity,
    /// Cgroups of version 2 that this process is in, of version 1, or neither.
    pub cgroups: &'static str,
    /// What set the number of CPUs: the machine, the scheduler's affinity or a cgroup's quota.
    pub cpus_by: &'static str,
    /// What set the memory: the machine or a cgroup.
    pub memory_by: &'static str,
    /// How the GPUs were found; empty when there are none.
    pub gpus_by: &'static str,
}

/// What runs on this machine may use together.
pub fn detect() -> Capacity {
    detect_report().capacity
}

/// Looks at the machine, and says where each number comes from.
pub fn detect_report() -> Found {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (cgroups, mounts) = (read("/proc/self/cgroup"), read("/proc/self/mountinfo"));
    let limits = CgroupLimits::read(&cgroups, &mounts);
    let machine = std::thread::available_parallelism().map_or(1, usize::from);
    let allowed = allowed_cpus().unwrap_or(machine);
    let online = online_cpus().unwrap_or(allowed);
    let (cpus, cpus_by) = match limits.cpus {
        Some(quota) if quota < allowed as f64 => (quota, "the CPU quota of a cgroup"),
        _ if allowed < online => (allowed as f64, "the CPUs that this process may run on"),
        _ => (allowed as f64, "the machine"),
    };
    let total = memory_total(&read("/proc/meminfo"));
    let (memory, memory_by) = match limits.memory {
        Some(limit) if limit < total => (limit, "the memory limit of a cgroup"),
        _ => (total, "the machine"),
    };
    let (gpus, gpus_by) = gpus();
    Found {
        capacity: Capacity { cpus, memory: Bytes(memory), gpus },
        cgroups: limits.version,
        cpus_by,
        memory_by,
        gpus_by,
    }
}

fn allowed_cpus() -> Option<usize> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    Some(set.count() as usize).filter(|count| *count > 0)
}

/// From a list such as `0-3,8`.
fn online_cpus() -> Option<usize> {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").ok()?;
    let count = |part: &str| -> Option<usize> {
        match part.split_once('-') {
            Some((from, to)) => Some(to.parse::<usize>().ok()? + 1 - from.parse::<usize>().ok()?),
            None => part.parse::<usize>().ok().map(|_| 1),
        }
    };
    text.trim().split(',').map(count).sum()
}

fn memory_total(meminfo: &str) -> u64 {
    let kib = meminfo.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    kib.map_or(u64::MAX, |kib| kib * 1024)
}

/// The tightest limits of the cgroups from this process's own to the root.
#[derive(Debug, PartialEq)]
struct CgroupLimits {
    version: &'static str,
    cpus: Option<f64>,
    memory: Option<u64>,
}

impl CgroupLimits {
    fn read(cgroups: &str, mounts: &str) -> CgroupLimits {
        let number = |path: PathBuf| fs::read_to_string(path).ok()?.trim().parse::<f64>().ok();
        let mut limits = CgroupLimits { version: "none", cpus: None, memory: None };
        if let Some((mount, own)) = place(cgroups, mounts, "cgroup2", None) {
            limits.version = "version 2";
            for group in upwards(&own, &mount) {
                // `max 100000` or `200000 100000`: microseconds of CPU in each period.
                let quota = fs::read_to_string(group.join("cpu.max")).unwrap_or_default();
                let mut words = quota.split_whitespace().map(str::parse::<f64>);
                if let (Some(Ok(quota)), Some(Ok(period))) = (words.next(), words.next()) {
                    lower(&mut limits.cpus, quota / period);
                }
                if let Some(bytes) = number(group.join("memory.max")) {
                    lower(&mut limits.memory, bytes as u64);
                }
            }
        }
        if let Some((mount, own)) = place(cgroups, mounts, "cgroup", Some("cpu")) {
            for group in upwards(&own, &mount) {
                let quota = number(group.join("cpu.cfs_quota_us")).filter(|quota| *quota > 0.0);
                if let (Some(quota), Some(period)) = (quota, number(group.join("cpu.cfs_period_us"))) {
                    lower(&mut limits.cpus, quota / period);
                }
            }
        }
        if let Some((mount, own)) = place(cgroups, mounts, "cgroup", Some("memory")) {
            limits.version = "version 1";
            for group in upwards(&own, &mount) {
                if let Some(bytes) = number(group.join("memory.limit_in_bytes")) {
                    lower(&mut limits.memory, bytes as u64);
                }
            }
        }
        limits
    }
}

fn upwards<'a>(own: &'a Path, mount: &'a Path) -> impl Iterator<Item = &'a Path> {
    own.ancestors().take_while(move |group| group.starts_with(mount))
}

fn lower<T: PartialOrd + Copy>(limit: &mut Option<T>, found: T) {
    if limit.is_none_or(|limit| found < limit) {
        *limit = Some(found);
    }
}

/// The identifiers of the GPUs, and how they were found. Where a batch system has handed some out, those are all there are.
fn gpus() -> (Vec<String>, &'static str) {
    if let Ok(visible) = std::env::var("CUDA_VISIBLE_DEVICES") {
        return match visible_devices(&visible) {
            none if none.is_empty() => (none, ""),
            some => (some, "CUDA_VISIBLE_DEVICES"),
        };
    }
    // Without the driver there is nothing to ask, and asking takes a while.
    let Ok(devices) = fs::read_dir("/proc/driver/nvidia/gpus") else { return (Vec::new(), "") };
    let count = devices.flatten().count();
    let listed = Command::new("nvidia-smi")
        .args(["--query-gpu=index", "--format=csv,noheader"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success());
    match listed.map(|output| visible_devices(&String::from_utf8_lossy(&output.stdout).replace('\n', ","))) {
        Some(listed) if !listed.is_empty() => (listed, "nvidia-smi"),
        _ => ((0..count).map(|i| i.to_string()).collect(), "/proc/driver/nvidia"),
    }
}

/// The devices in a list; as CUDA does, up to the first that is not one.
fn visible_devices(list: &str) -> Vec<String> {
    let devices = list.split(',').map(str::trim).take_while(|device| !device.is_empty() && *device != "-1");
    devices.filter(|device| *device != "NoDevFiles" && *device != "none").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_on_the_way_up_counts() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("a/b");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("cpu.max"), "max 100000\n").unwrap();
        fs::write(own.join("memory.max"), "3000\n").unwrap();
        fs::write(root.path().join("a/cpu.max"), "150000 100000\n").unwrap();
        fs::write(root.path().join("a/memory.max"), "max\n").unwrap();
        let mounts = format!("31 23 0:28 / {} rw - cgroup2 cgroup2 rw\n", root.path().display());
        assert_eq!(
            CgroupLimits::read("0::/a/b\n", &mounts),
            CgroupLimits { version: "version 2", cpus: Some(1.5), memory: Some(3000) }
        );
    }

    #[test]
    fn this_machine_has_something() {
        let found = detect_report();
        assert!(found.capacity.cpus > 0.0 && found.capacity.memory.0 > 1 << 20, "{found:?}");
    }

    #[test]
    fn devices_are_listed_as_cuda_reads_them() {
        for (list, expected) in [
            ("0,1", vec!["0", "1"]),
            ("GPU-a, MIG-b", vec!["GPU-a", "MIG-b"]),
            ("", vec![]),
            ("-1", vec![]),
            ("2,-1,3", vec!["2"]),
            ("NoDevFiles", vec![]),
        ] {
            assert_eq!(visible_devices(list), expected, "{list}");
        }
        assert_eq!(memory_total("MemTotal:   24 kB\nMemFree: 1 kB"), 24 * 1024);
    }
}
