//! Tests of the language as a whole: files in, findings and decisions out.

mod broken;
mod deciding;
mod loading;
mod matching;
mod samples;
mod schemas;
mod support;
