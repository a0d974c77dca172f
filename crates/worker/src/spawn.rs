//! Starting a program as cheaply as the system allows, with everything that must be set between the start and the program.
//!
//! The child is made with `clone(CLONE_VM | CLONE_VFORK)`, as glibc's `posix_spawn` does: nothing is copied, however large this
//! process is, and the calling thread sleeps until the program has been loaded. `posix_spawn` itself cannot set a parent death signal,
//! a limit or a cgroup; `std::process::Command` can, but then forks, which costs more the larger this process is.
//!
//! Between the two the child may only make system calls: it shares this process's memory.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

/// What is started, and in which surroundings.
pub(crate) struct Launch<'a> {
    /// An absolute path, or one relative to `directory`.
    pub program: &'a CStr,
    /// Pointers to the arguments, ended by a null pointer.
    pub argv: &'a Pointers<'a>,
    /// Pointers to `NAME=value`, ended by a null pointer.
    pub environment: &'a Pointers<'a>,
    pub directory: &'a CStr,
    pub stdin: BorrowedFd<'a>,
    pub stdout: BorrowedFd<'a>,
    pub stderr: BorrowedFd<'a>,
    /// Other files that stay open in the program, under their numbers here.
    pub inherit: &'a [BorrowedFd<'a>],
    /// The `cgroup.procs` of the group that the program enters.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// A limit on the address space, in bytes.
    pub address_space: Option<u64>,
    /// The soft limit on open files that this process was started with, where it has raised it for itself.
    pub open_files: Option<libc::rlimit>,
}

/// A list of C strings as `execve` takes it. It borrows what it points to.
pub(crate) struct Pointers<'a> {
    list: Vec<*const c_char>,
    strings: std::marker::PhantomData<&'a CStr>,
}

impl<'a> Pointers<'a> {
    pub fn new(strings: impl Iterator<Item = &'a CStr>) -> Pointers<'a> {
        let list = strings.map(CStr::as_ptr).chain([std::ptr::null()]).collect();
        Pointers { list, strings: std::marker::PhantomData }
    }
}

/// What failed, and why.
#[derive(Debug)]
pub(crate) struct SpawnError {
    pub step: Step,
    pub error: io::Error,
}

/// The steps of a start that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Step {
    Clone = 1,
    Cgroup = 2,
    Limit = 3,
    Directory = 4,
    Files = 5,
    Execute = 6,
}

/// The stack of the child between `clone` and `execve`; one serves many starts.
pub(crate) struct Stack(Box<[u128]>);

impl Stack {
    pub fn new() -> Stack {
        // The dynamic linker may resolve symbols on it and saves all vector registers when it does.
        Stack(vec![0u128; 32 * 1024 / size_of::<u128>()].into_boxed_slice())
    }
}

/// A child that has been started: its process id and, where the kernel has them (5.2), a file that is readable when it has ended.
pub(crate) struct Started {
    pub pid: libc::pid_t,
    pub pidfd: Option<OwnedFd>,
}

struct Plan<'a> {
    launch: &'a Launch<'a>,
    parent: libc::pid_t,
    step: AtomicI32,
    errno: AtomicI32,
}

/// Starts a program in a process group of its own. It dies with the calling thread.
#[expect(unsafe_code, reason = "there is no safe way to clone with shared memory")]
pub(crate) fn spawn(stack: &mut Stack, launch: &Launch<'_>) -> Result<Started, SpawnError> {
    let parent = rustix::process::getpid().as_raw_nonzero().get();
    let plan = Plan { launch, parent, step: AtomicI32::new(0), errno: AtomicI32::new(0) };
    let mut pidfd: c_int = -1;
    // SAFETY: all signals are blocked around the clone, so that no handler of ours runs in the child, whose memory is ours. `CLONE_VFORK`
    // suspends this thread until the child has executed or ended, so `plan`, `stack` and `pidfd` outlive their use there, and the stack,
    // which this thread borrows mutably, has no other user. The top of the slice is aligned to 16 bytes by its element type.
    let pid = unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let pid = libc::clone(
            child,
            stack.0.as_mut_ptr_range().end.cast::<c_void>(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD,
            (&raw const plan).cast_mut().cast::<c_void>(),
            &raw mut pidfd,
        );
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        if pid < 0 {
            return Err(SpawnError { step: Step::Clone, error });
        }
        pid
    };
    // SAFETY: the kernel has just made this descriptor for us; kernels without `CLONE_PIDFD` leave the -1.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    let step = match plan.step.load(Ordering::Relaxed) {
        0 => return Ok(Started { pid, pidfd }),
        2 => Step::Cgroup,
        3 => Step::Limit,
        4 => Step::Directory,
        5 => Step::Files,
        _ => Step::Execute,
    };
    // SAFETY: the child is ours and has ended without executing; nobody else waits for it.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
    Err(SpawnError { step, error: io::Error::from_raw_os_error(plan.errno.load(Ordering::Relaxed)) })
}

/// The signals from here on are never caught or ignored by this process, and half of all calls between the start and the program would be
/// for them.
const FIRST_REAL_TIME: c_int = 32;

/// The child's side: system calls only, no allocation, no lock, no panic.
#[expect(unsafe_code, reason = "the C library's calls, in memory shared with the parent")]
extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes a plan that lives until this function has executed or ended.
    let plan = unsafe { &*plan.cast::<Plan<'_>>() };
    let launch = plan.launch;
    let fail = |step: Step| -> c_int {
        plan.errno.store(io::Error::last_os_error().raw_os_error().unwrap_or(0), Ordering::Relaxed);
        plan.step.store(step as i32, Ordering::Relaxed);
        127
    };
    // SAFETY: plain system calls on values of the plan, which outlive them; signal dispositions, limits, the directory and the table of
    // open files are the child's own copies.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        for signal in 1..FIRST_REAL_TIME {
            libc::sigaction(signal, &default, std::ptr::null_mut());
        }
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // The parent may have died before the line above: then nobody is left to send the signal.
        if libc::getppid() != plan.parent {
            libc::_exit(127);
        }
        if let Some(cgroup) = launch.cgroup
            && libc::write(raw(cgroup), c"0".as_ptr().cast(), 1) < 0
        {
            return fail(Step::Cgroup);
        }
        if let Some(bytes) = launch.address_space {
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            if libc::setrlimit(libc::RLIMIT_AS, &limit) < 0 {
                return fail(Step::Limit);
            }
        }
        if let Some(limit) = &launch.open_files {
            libc::setrlimit(libc::RLIMIT_NOFILE, limit);
        }
        if libc::chdir(launch.directory.as_ptr()) < 0 {
            return fail(Step::Directory);
        }
        for (file, number) in [(launch.stdin, 0), (launch.stdout, 1), (launch.stderr, 2)] {
            if libc::dup2(raw(file), number) < 0 {
                return fail(Step::Files);
            }
        }
        for file in launch.inherit {
            if libc::fcntl(raw(*file), libc::F_SETFD, 0) < 0 {
                return fail(Step::Files);
            }
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        libc::execve(launch.program.as_ptr(), launch.argv.list.as_ptr(), launch.environment.list.as_ptr());
    }
    fail(Step::Execute)
}

fn raw(file: BorrowedFd<'_>) -> RawFd {
    std::os::fd::AsRawFd::as_raw_fd(&file)
}
