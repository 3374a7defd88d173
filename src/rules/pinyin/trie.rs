//! All words that are looked for by their sound.
//!
//! A character of a word is the set of its sounds, so a word is one path however many
//! readings its characters have. A text is walked from each of its places; most walks end
//! at the first or second character.

use std::collections::HashMap;
use std::ops::Range;

use super::hearing::Hearing;
use super::{Sound, sounds_of};
use crate::rules::hits::WordId;

/// Collects words.
#[derive(Debug, Default)]
pub(in crate::rules) struct TrieBuilder {
    /// From a node by the sounds of a character to the next node. The root is 0.
    nodes: HashMap<(u32, Box<[Sound]>), u32>,
    words: Vec<(u32, WordId)>,
}

impl TrieBuilder {
    /// Adds a word in normal form.
    pub(in crate::rules) fn add(&mut self, word: &str, id: WordId) {
        let mut node = 0;
        for sounds in sounds_of(word) {
            let next = u32::try_from(self.nodes.len() + 1).unwrap_or(u32::MAX);
            node = *self.nodes.entry((node, sounds)).or_insert(next);
        }
        self.words.push((node, id));
    }

    /// The finished trie.
    pub(in crate::rules) fn build(mut self) -> Trie {
        let mut edges: Vec<(u32, Sound, u32)> = Vec::new();
        for ((node, sounds), next) in &self.nodes {
            edges.extend(sounds.iter().map(|sound| (*node, *sound, *next)));
        }
        edges.sort_unstable();
        let mut starts = vec![0_u32; self.nodes.len() + 2];
        for (node, _, _) in &edges {
            starts[*node as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        self.words.sort_unstable();
        Trie {
            starts,
            edges: edges
                .into_iter()
                .map(|(_, sound, to)| (sound, to))
                .collect(),
            words: self.words,
        }
    }
}

/// Finds words by their sound.
#[derive(Debug, Default)]
pub(in crate::rules) struct Trie {
    /// `edges[starts[n]..starts[n + 1]]` lead on from node `n`, in the order of their sounds.
    starts: Vec<u32>,
    edges: Vec<(Sound, u32)>,
    /// Which words end at which nodes, in order.
    words: Vec<(u32, WordId)>,
}

impl Trie {
    /// Calls `found` with every word in the text and its bytes in the original.
    pub(in crate::rules) fn scan(
        &self,
        text: &str,
        loose: bool,
        mut found: impl FnMut(WordId, Range<u32>),
    ) {
        if self.words.is_empty() || text.is_empty() {
            return;
        }
        let hearing = Hearing::new(text, loose);
        let mut open: Vec<(u32, usize)> = Vec::new();
        for start in 0..hearing.len() {
            open.push((0, start));
            while let Some((node, place)) = open.pop() {
                for (_, word) in self.ending(node) {
                    found(*word, hearing.original(start..place));
                }
                let rest = open.len();
                hearing.sounds_from(place, |sound, to| {
                    open.extend(self.next(node, sound).map(|(_, next)| (*next, to)));
                });
                // A character heard in two readings can lead to the same node twice.
                open[rest..].sort_unstable();
                dedup_behind(&mut open, rest);
            }
        }
    }

    fn next(&self, node: u32, sound: Sound) -> impl Iterator<Item = &(Sound, u32)> {
        let (from, to) = (node as usize, node as usize + 1);
        let edges = &self.edges[self.starts[from] as usize..self.starts[to] as usize];
        let first = edges.partition_point(|(edge, _)| *edge < sound);
        edges[first..]
            .iter()
            .take_while(move |(edge, _)| *edge == sound)
    }

    fn ending(&self, node: u32) -> &[(u32, WordId)] {
        let first = self.words.partition_point(|(end, _)| *end < node);
        let here = self.words[first..].partition_point(|(end, _)| *end == node);
        &self.words[first..first + here]
    }
}

/// Removes repetitions from the sorted end of a list.
fn dedup_behind(list: &mut Vec<(u32, usize)>, from: usize) {
    let mut kept = from;
    for at in from..list.len() {
        if at == from || list[at] != list[kept - 1] {
            list[kept] = list[at];
            kept += 1;
        }
    }
    list.truncate(kept);
}
