//! Tests of the language as a whole: files in, findings and decisions out.

mod broken;
mod deciding;
mod matching;
mod samples;
mod schemas;
mod support;
