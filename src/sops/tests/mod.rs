//! Tests of the module as a whole.

mod broken;
mod moving;
mod playing;
mod samples;
pub(in crate::sops) mod support;
