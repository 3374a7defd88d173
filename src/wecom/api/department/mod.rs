//! Departments of the corp.

pub mod list;
pub mod simplelist;
