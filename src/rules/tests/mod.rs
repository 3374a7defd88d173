//! Tests of the language as a whole: files in, findings and decisions out.

mod broken;
mod deciding;
mod forty;
mod hostile;
mod language;
mod loading;
mod matching;
mod meaning;
mod roster;
mod samples;
mod schemas;
mod spellings;
mod support;
mod suspicious;
