//! Memory limits: a cgroup for each slot where this process may make one, otherwise a limit on the address space.
//!
//! A slot's group is made once and serves all its runs. Version 2 of the interface is used where the memory controller is handed down to
//! a directory that this process may write (systemd does that for a user's services and scopes), version 1 where its memory hierarchy
//! can be written. A limit on the address space is cruder: it counts what is reserved and not what is used, and holds for each process
//! of a run by itself.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use paramo_model::Bytes;

/// How memory limits are enforced on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryLimits {
    /// By a cgroup of version 2 below this directory.
    CgroupV2(PathBuf),
    /// By a cgroup of version 1 below this directory.
    CgroupV1(PathBuf),
    /// By a limit on the address space of each process, and why no cgroup can be used.
    AddressSpace(String),
}

impl std::fmt::Display for MemoryLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MemoryLimits::CgroupV2(path) => write!(f, "by cgroup version 2, in {}", path.display()),
            MemoryLimits::CgroupV1(path) => write!(f, "by cgroup version 1, in {}", path.display()),
            MemoryLimits::AddressSpace(reason) => {
                write!(f, "by a limit on the address space of each process, because {reason}")
            }
        }
    }
}

/// How memory limits are enforced here, for people.
pub fn limits_report() -> MemoryLimits {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    choose(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"))
}

/// Chooses from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
pub(crate) fn choose(cgroups: &str, mounts: &str) -> MemoryLimits {
    let mut reason = "no memory cgroup is mounted".to_owned();
    if let Some((mount, own)) = place(cgroups, mounts, "cgroup2", None) {
        // From the group of this process upwards: the first that hands memory down and lets us make groups.
        for group in own.ancestors().take_while(|path| path.starts_with(&mount)) {
            let hands_down = fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
            if !hands_down.split_whitespace().any(|word| word == "memory") {
                reason = format!("{} does not hand the memory controller down", group.display());
            } else if !writable(group) || !writable(&group.join("cgroup.procs")) {
                reason = format!("{} may not be written", group.display());
            } else {
                return MemoryLimits::CgroupV2(group.to_owned());
            }
        }
    }
    if let Some((_, own)) = place(cgroups, mounts, "cgroup", Some("memory")) {
        if writable(&own) && own.join("memory.limit_in_bytes").exists() {
            return MemoryLimits::CgroupV1(own);
        }
        reason = format!("{} may not be written", own.display());
    }
    MemoryLimits::AddressSpace(reason)
}

fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Where a hierarchy is mounted, and the group of this process in it.
pub(crate) fn place(
    cgroups: &str,
    mounts: &str,
    kind: &str,
    controller: Option<&str>,
) -> Option<(PathBuf, PathBuf)> {
    let has = |list: &str, word: &str| list.split(',').any(|w| w == word);
    let own = cgroups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let found = match controller {
            Some(controller) => has(controllers, controller),
            None => number == "0" && controllers.is_empty(),
        };
        found.then_some(path)
    })?;
    let (root, mount) = mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, mount) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let fits = right.next()? == kind
            && controller.is_none_or(|c| right.nth(1).is_some_and(|options| has(options, c)));
        fits.then_some((root, mount))
    })?;
    let inner = Path::new(own).strip_prefix(root).or_else(|_| Path::new(own).strip_prefix("/")).ok()?;
    Some((PathBuf::from(mount), Path::new(mount).join(inner)))
}

/// The cgroups of a worker: one directory with one subdirectory for each slot. Removed when dropped.
#[derive(Debug)]
pub(crate) struct Groups {
    limits: MemoryLimits,
    directory: Option<PathBuf>,
}

/// The cgroup of one slot.
#[derive(Debug)]
pub(crate) struct Group {
    path: PathBuf,
    entrance: OwnedFd,
    version2: bool,
    limit: Option<Bytes>,
    kills: u64,
}

impl Groups {
    pub fn new(limits: MemoryLimits) -> Groups {
        Groups { limits, directory: None }
    }

    pub fn limits(&self) -> &MemoryLimits {
        &self.limits
    }

    /// Makes the group of a slot; `None` where there are no cgroups.
    pub fn slot(&mut self, number: u32) -> io::Result<Option<Group>> {
        let (base, version2) = match &self.limits {
            MemoryLimits::CgroupV2(base) => (base, true),
            MemoryLimits::CgroupV1(base) => (base, false),
            MemoryLimits::AddressSpace(_) => return Ok(None),
        };
        let directory = match &self.directory {
            Some(directory) => directory,
            None => {
                let directory =
                    base.join(format!("paramo-{}-{}", std::process::id(), crate::clock::monotonic()));
                fs::create_dir(&directory)?;
                let directory = self.directory.insert(directory);
                if version2 {
                    fs::write(directory.join("cgroup.subtree_control"), "+memory")?;
                }
                directory
            }
        };
        let path = directory.join(format!("slot-{number}"));
        fs::create_dir(&path)?;
        // The kernel has made the file already; a directory that only looks like a cgroup has not.
        let entrance = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("cgroup.procs"))?
            .into();
        Ok(Some(Group { path, entrance, version2, limit: None, kills: 0 }))
    }

    /// Gives up cgroups, after one could not be made or entered. Returns what to tell people.
    pub fn give_up(&mut self, error: &str) -> String {
        self.limits = MemoryLimits::AddressSpace(error.to_owned());
        format!("memory is limited {}", self.limits)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            // Slots have removed theirs; a group that is still in use stays, empty of limits that matter to anybody else.
            let _ = fs::remove_dir(directory);
        }
    }
}

impl Group {
    /// Sets the limit for the next run.
    pub fn prepare(&mut self, limit: Bytes) -> io::Result<()> {
        if self.limit != Some(limit) {
            let set = |name: &str, value: &str| fs::write(self.path.join(name), value);
            let number = limit.0.to_string();
            if self.version2 {
                set("memory.max", &number)?;
                // All processes of the run go together; kernels before 4.19 kill one. Without swap accounting there is nothing to set.
                let _ = set("memory.oom.group", "1");
                let _ = set("memory.swap.max", "0");
            } else {
                // Memory with swap may never be below memory, whichever way the limit moves.
                if set("memory.limit_in_bytes", &number).is_err() {
                    let _ = set("memory.memsw.limit_in_bytes", &number);
                    set("memory.limit_in_bytes", &number)?;
                }
                let _ = set("memory.memsw.limit_in_bytes", &number);
            }
            self.limit = Some(limit);
        }
        self.kills = self.kills();
        Ok(())
    }

    /// What a process writes its number to in order to enter.
    pub fn entrance(&self) -> BorrowedFd<'_> {
        self.entrance.as_fd()
    }

    /// Whether the limit has killed a process since the last `prepare`.
    pub fn out_of_memory(&self) -> bool {
        self.kills() > self.kills
    }

    fn kills(&self) -> u64 {
        let name = if self.version2 { "memory.events" } else { "memory.oom_control" };
        let text = fs::read_to_string(self.path.join(name)).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
    }

    /// Kills every process inside, wherever it has moved itself in the process tree.
    #[expect(unsafe_code, reason = "one plain call to kill")]
    pub fn kill(&self) {
        if self.version2 && fs::write(self.path.join("cgroup.kill"), "1").is_ok() {
            return;
        }
        // A process that forks while the list is read shows up in the next.
        for _ in 0..100 {
            let pids = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
            let pids: Vec<i32> =
                pids.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).collect();
            if pids.is_empty() {
                return;
            }
            for pid in pids {
                // SAFETY: a plain system call on a process that is in our own group at this moment.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
            std::thread::sleep(std::time::Duration::from_micros(500));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        // Killed processes leave their group a moment after they have been collected.
        for _ in 0..50 {
            match fs::remove_dir(&self.path) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests;
