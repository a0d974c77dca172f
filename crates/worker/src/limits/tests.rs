//! Where limits are found, and cgroups of version 2 in a directory that looks like one; version 1 is tested live with the worker.

use super::*;
use paramo_model::{Capacity, Cause};

use crate::conformance::{Rig, cause, run, shell};
use crate::{LocalWorker, WorkerOptions};

fn group(path: &Path, subtree: &str) {
    fs::create_dir_all(path).unwrap();
    fs::write(path.join("cgroup.subtree_control"), subtree).unwrap();
    fs::write(path.join("cgroup.procs"), "").unwrap();
}

fn mounts(root: &Path) -> String {
    format!(
        "29 23 0:26 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n\
         31 23 0:28 / {} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
        root.display()
    )
}

#[test]
fn the_nearest_group_that_hands_memory_down_is_used() {
    let root = tempfile::tempdir().unwrap();
    let slice = root.path().join("user.slice/app.slice");
    group(root.path(), "cpu memory");
    group(&slice, "cpu memory pids");
    group(&slice.join("shell.scope"), "");
    let cgroups = "1:name=systemd:/x\n0::/user.slice/app.slice/shell.scope\n";
    assert_eq!(choose(cgroups, &mounts(root.path())), MemoryLimits::CgroupV2(slice.clone()));
    fs::write(slice.join("cgroup.subtree_control"), "cpu pids").unwrap();
    assert_eq!(choose(cgroups, &mounts(root.path())), MemoryLimits::CgroupV2(root.path().to_owned()));
    fs::write(root.path().join("cgroup.subtree_control"), "").unwrap();
    let reason = format!("{} does not hand the memory controller down", root.path().display());
    assert_eq!(choose(cgroups, &mounts(root.path())), MemoryLimits::AddressSpace(reason));
    assert_eq!(choose("", ""), MemoryLimits::AddressSpace("no memory cgroup is mounted".into()));
}

#[test]
fn a_mount_of_a_part_of_the_hierarchy_is_understood() {
    let line = "40 23 0:30 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
    let expected =
        Some((PathBuf::from("/sys/fs/cgroup/memory"), PathBuf::from("/sys/fs/cgroup/memory/inner")));
    assert_eq!(place("9:memory:/docker/abc/inner\n", line, "cgroup", Some("memory")), expected);
    assert_eq!(place("9:cpu,cpuacct:/x\n", line, "cgroup", Some("memory")), None);
}

/// The run plays the kernel's part: it says in `memory.events` that something was killed.
#[test]
fn version_2_is_set_entered_and_asked() {
    let root = tempfile::tempdir().unwrap();
    group(root.path(), "memory");
    let options = WorkerOptions {
        memory_limits: Some(MemoryLimits::CgroupV2(root.path().to_owned())),
        ..WorkerOptions::default()
    };
    let capacity = Capacity { cpus: 1.0, memory: Bytes(1 << 30), gpus: Vec::new() };
    let link = Box::new(LocalWorker::start(capacity, options).unwrap());
    let script = format!(
        "cd {}/paramo-*/slot-0 && cat memory.max memory.oom.group memory.swap.max cgroup.procs ../cgroup.subtree_control; \
         [ {{x}} = 0 ] || {{ echo 'oom 3\noom_kill 1' > memory.events; exit 1; }}",
        root.path().display()
    );
    let mut rig = Rig::with(link, shell(&script.replace("; }", "; } "))).points(2);
    rig.application.resources.memory = Some(Bytes(5 << 20));
    run(async {
        let reports = rig.run().await;
        let said = String::from_utf8_lossy(&reports[0].attempt.stdout.tail).into_owned();
        assert_eq!(said, "5242880100+memory", "{}", String::from_utf8_lossy(&reports[0].attempt.stderr.tail));
        assert_eq!(*cause(&reports[1]), Cause::OutOfMemory { limit: Some(Bytes(5 << 20)) });
    });
}

#[test]
fn a_cgroup_that_cannot_be_made_is_told_and_the_cruder_limit_used() {
    let options = WorkerOptions {
        memory_limits: Some(MemoryLimits::CgroupV1("/proc/nowhere".into())),
        ..WorkerOptions::default()
    };
    let capacity = Capacity { cpus: 1.0, memory: Bytes(1 << 30), gpus: Vec::new() };
    let mut rig =
        Rig::with(Box::new(LocalWorker::start(capacity, options).unwrap()), shell("ulimit -v")).points(2);
    rig.application.resources.memory = Some(Bytes(512 << 20));
    run(async {
        for report in rig.run().await {
            assert_eq!(report.attempt.stdout.tail, b"524288\n");
        }
        assert!(rig.notices[0].starts_with("memory is limited by a limit on the address space of each process, because no cgroup could be made: "));
    });
}
