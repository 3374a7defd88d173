//! Timing: rounds in which every contestant has its turn, so that a noisy moment hits all.

use std::hint::black_box;
use std::time::Instant;

/// Something that is done to every message.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut() -> usize + 'a>,
    items: usize,
    samples: Vec<f64>,
}

impl<'a> Contestant<'a> {
    /// `run` handles `items` messages and returns something that depends on all of them.
    pub(crate) fn new(name: &'static str, items: usize, run: impl FnMut() -> usize + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
            items,
            samples: Vec::new(),
        }
    }

    fn turn(&mut self) -> f64 {
        let start = Instant::now();
        black_box((self.run)());
        start.elapsed().as_secs_f64() * 1e9 / self.items as f64
    }

    /// The median time of one message in nanoseconds.
    pub(crate) fn median_ns(&self) -> f64 {
        median(&self.samples)
    }
}

/// One round to warm up, then `rounds` that count.
pub(crate) fn race(contestants: &mut [Contestant<'_>], rounds: usize) {
    for round in 0..=rounds {
        for one in &mut *contestants {
            let sample = one.turn();
            if round > 0 {
                one.samples.push(sample);
            }
        }
    }
}

/// The middle one of some values; zero of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many in a hundred do not exceed; zero of none.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}
