//! The kinds of sites whose worker is started by this process, one file each.

pub(crate) mod local;
