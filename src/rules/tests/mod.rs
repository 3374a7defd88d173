//! Tests of the language as a whole: files in, findings and decisions out.

mod broken;
mod deciding;
mod language;
mod loading;
mod matching;
mod meaning;
mod samples;
mod schemas;
mod support;
