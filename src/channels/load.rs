//! Reads the file of channels. The only file of this module that touches the disk.

use std::path::Path;

use super::model::ChannelSet;
use super::parse::channels_of;
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Report};
use crate::rules::PlanReader;
use crate::yaml::decode;

/// Reads the file. One that is not there holds no channels.
///
/// Every problem is in the report; the set is there if none is an error.
#[must_use]
pub fn load(file: &Path, reader: PlanReader<'_>) -> (Option<ChannelSet>, Report) {
    let mut report = Report::default();
    let name = file.display().to_string();
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return (Some(ChannelSet::default()), report);
        }
        Err(error) => {
            let found = Diagnostic::of(problems::UNREADABLE).value("detail", error.to_string());
            report.push(found.in_file(name));
            return (None, report);
        }
    };
    let set = from_bytes(&name, &bytes, reader, &mut report);
    (set, report)
}

/// Reads a file already in memory.
#[must_use]
pub fn from_bytes(
    name: &str,
    bytes: &[u8],
    reader: PlanReader<'_>,
    report: &mut Report,
) -> Option<ChannelSet> {
    let source = decode(name, bytes, report)?;
    let set = channels_of(reader, Findings::new(&source, report));
    (!report.has_errors()).then_some(set)
}
