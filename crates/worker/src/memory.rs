//! A piece of memory shared with the process of a warm function: three 64-bit numbers.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::MemfdFlags;
use rustix::mm::{MapFlags, ProtFlags};

const WORDS: usize = 3;
const SIZE: usize = WORDS * size_of::<u64>();

/// Which call is in progress, since when, and which is the last that may begin.
pub(crate) struct SharedWords {
    words: NonNull<AtomicU64>,
    file: OwnedFd,
}

// SAFETY: the mapping belongs to this value and is reached through atomics only.
#[expect(unsafe_code, reason = "a pointer to a mapping is as good in any thread")]
unsafe impl Send for SharedWords {}

impl SharedWords {
    #[expect(unsafe_code, reason = "mapping memory")]
    pub fn new() -> io::Result<SharedWords> {
        let file = rustix::fs::memfd_create("paramo-call", MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&file, SIZE as u64)?;
        // SAFETY: a new mapping at an address of the kernel's choice, of a file that has this size.
        let start = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                SIZE,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &file,
                0,
            )?
        };
        let words =
            NonNull::new(start.cast::<AtomicU64>()).ok_or_else(|| io::Error::other("mapped at zero"))?;
        Ok(SharedWords { words, file })
    }

    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The call in progress, from 1; 0 for none.
    pub fn current(&self) -> u64 {
        self.word(0).load(Ordering::Acquire)
    }

    /// When the call in progress began, on the monotonic clock, in nanoseconds.
    pub fn began(&self) -> u64 {
        self.word(1).load(Ordering::Acquire)
    }

    /// Lets calls begin up to this one.
    pub fn allow(&self, last: u64) {
        self.word(2).store(last, Ordering::SeqCst);
    }

    #[expect(unsafe_code, reason = "reaching into the mapping")]
    fn word(&self, at: usize) -> &AtomicU64 {
        debug_assert!(at < WORDS);
        // SAFETY: the mapping holds `WORDS` aligned numbers and lives as long as `self`; the other process writes whole words.
        unsafe { self.words.add(at).as_ref() }
    }
}

impl Drop for SharedWords {
    #[expect(unsafe_code, reason = "unmapping memory")]
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new`, has this size, and no reference to it outlives `self`.
        let _ = unsafe { rustix::mm::munmap(self.words.as_ptr().cast(), SIZE) };
    }
}
