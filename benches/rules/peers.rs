//! What the decision is compared with: the bare automaton and what others would use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};
use regex::RegexSet;

/// An automaton of keywords and nothing else.
pub(crate) fn automaton(words: &[String]) -> Result<CharwiseDoubleArrayAhoCorasick<u32>, String> {
    CharwiseDoubleArrayAhoCorasickBuilder::new()
        .build_with_values(words.iter().zip(0_u32..))
        .map_err(|error| error.to_string())
}

/// All overlapping hits in all texts.
pub(crate) fn scan(automaton: &CharwiseDoubleArrayAhoCorasick<u32>, texts: &[String]) -> usize {
    let hits = |text: &String| {
        automaton
            .find_overlapping_iter(text)
            .map(|hit| hit.end())
            .sum()
    };
    texts.iter().map(hits).fold(0, usize::wrapping_add)
}

/// The keywords as one set of patterns.
pub(crate) fn regex_set(words: &[String]) -> Result<RegexSet, regex::Error> {
    regex::RegexSetBuilder::new(words.iter().map(|word| regex::escape(word)))
        .size_limit(1 << 30)
        .dfa_size_limit(1 << 30)
        .build()
}

/// Which keywords occur, by a loop over all of them.
pub(crate) fn contains(words: &[String], texts: &[String]) -> usize {
    let count = |text: &String| words.iter().filter(|word| text.contains(*word)).count();
    texts.iter().map(count).sum()
}

/// The median of pyahocorasick in nanoseconds for each text; why not, if it cannot run.
pub(crate) fn pyahocorasick(
    words: &[String],
    texts: &[String],
    rounds: usize,
) -> Result<f64, String> {
    let python = python()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |name: &str, lines: &[String]| {
        let path = folder.path().join(name);
        fs::write(&path, lines.join("\n")).map(|()| path)
    };
    let words = write("words", words).map_err(|error| error.to_string())?;
    let texts = write("texts", texts).map_err(|error| error.to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rules/ahocorasick_peer.py");
    let output = Command::new(python)
        .arg(script)
        .args([&words, &texts])
        .arg(rounds.to_string())
        .output()
        .map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let first = answer.split_whitespace().next();
    first.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        error.lines().last().unwrap_or("no answer").to_owned()
    })
}

/// A Python that has pyahocorasick: the system's, or one in `target/`.
fn python() -> Result<PathBuf, String> {
    let works = |python: &Path| {
        let import = Command::new(python)
            .args(["-c", "import ahocorasick"])
            .output();
        import.is_ok_and(|output| output.status.success())
    };
    let system = PathBuf::from("python3");
    if works(&system) {
        return Ok(system);
    }
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-venv");
    let own = venv.join("bin/python");
    if !works(&own) {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&venv)
            .output();
        made.map_err(|error| format!("python3: {error}"))?;
        let installed = Command::new(&own)
            .args(["-m", "pip", "install", "--quiet", "pyahocorasick"])
            .output();
        installed.map_err(|error| format!("pip: {error}"))?;
    }
    works(&own)
        .then_some(own)
        .ok_or_else(|| "pyahocorasick cannot be installed".to_owned())
}
