//! Versions: an owner and a program that asks it may be of different ones.

/// The number of the interface between a program and the owner it asks. It grows with every change that an older side would
/// misunderstand; within one number, shapes only grow.
pub(crate) const API: u32 = 1;

/// The interface's number, on every request of a program and every answer of an owner.
pub(crate) const API_HEADER: &str = "lichen-api";
/// The version of who speaks.
pub(crate) const VERSION_HEADER: &str = "lichen-version";
