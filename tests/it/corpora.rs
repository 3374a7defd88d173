//! Every file of the fuzz corpora, and what becomes of it with a byte changed here and there:
//! nothing panics, and what each target promises holds.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

/// So many changed copies of every file.
const MUTANTS: u64 = 8;

#[test]
fn every_corpus_is_replayed() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let files = std::fs::read_dir(corpora.join(name)).expect("a corpus");
        let mut count = 0;
        for file in files {
            let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
            target(&bytes);
            for seed in 0..MUTANTS {
                target(&mutant(&bytes, seed));
            }
            count += 1;
        }
        assert!(count > 0, "the corpus of {name} is empty");
    }
}

/// A copy with some bytes changed, left out or doubled, the same on every run.
fn mutant(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap_or_default()
    };
    let mut changed = bytes.to_vec();
    for _ in 0..=next(4) {
        if changed.is_empty() {
            break;
        }
        let at = next(changed.len());
        match next(4) {
            0 => changed[at] = u8::try_from(next(256)).unwrap_or_default(),
            1 => drop(changed.remove(at)),
            2 => changed.truncate(at),
            _ => {
                let piece = changed[at..(at + 16).min(changed.len())].to_vec();
                changed.splice(at..at, piece);
            }
        }
    }
    changed
}
