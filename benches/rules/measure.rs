//! Timing: rounds in which every contestant has its turn, so that a noisy moment hits all.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

/// Messages are timed in portions short enough to fit between two interruptions.
const PORTION: usize = 100;

/// Something that is done to every message.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut(Range<usize>) -> usize + 'a>,
    items: usize,
    /// The best time of each portion in seconds.
    best: Vec<f64>,
}

impl<'a> Contestant<'a> {
    /// `run` handles a range of `items` messages and returns something that depends on all of
    /// them.
    pub(crate) fn new(
        name: &'static str,
        items: usize,
        run: impl FnMut(Range<usize>) -> usize + 'a,
    ) -> Self {
        Self {
            name,
            run: Box::new(run),
            items,
            best: vec![f64::INFINITY; items.div_ceil(PORTION)],
        }
    }

    fn turn(&mut self) {
        for (portion, best) in self.best.iter_mut().enumerate() {
            let from = portion * PORTION;
            let start = Instant::now();
            black_box((self.run)(from..self.items.min(from + PORTION)));
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }

    /// The time of one message in nanoseconds: the best of each portion, averaged. What else
    /// runs on the machine makes a portion slower and never faster.
    pub(crate) fn ns(&self) -> f64 {
        self.best.iter().sum::<f64>() * 1e9 / self.items as f64
    }
}

/// So many rounds, in which everybody has a turn.
pub(crate) fn race(contestants: &mut [Contestant<'_>], rounds: usize) {
    for _ in 0..rounds {
        for one in &mut *contestants {
            one.turn();
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
