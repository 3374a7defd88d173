//! Members of the corp.

pub mod get;
pub mod list_id;
pub mod simplelist;
