"""Scans lines with pyahocorasick: `ahocorasick_peer.py KEYWORDS TEXTS ROUNDS`.

Prints the median time of one line in nanoseconds and the number of hits.
"""

import statistics
import sys
import time

import ahocorasick


def main() -> None:
    keywords, texts, rounds = sys.argv[1:4]
    with open(keywords, encoding="utf-8") as file:
        words = file.read().splitlines()
    with open(texts, encoding="utf-8") as file:
        lines = file.read().splitlines()
    automaton = ahocorasick.Automaton()
    for number, word in enumerate(words):
        automaton.add_word(word, number)
    automaton.make_automaton()
    samples = []
    hits = 0
    for _ in range(int(rounds) + 1):
        hits = 0
        start = time.perf_counter_ns()
        for line in lines:
            for _ in automaton.iter(line):
                hits += 1
        samples.append((time.perf_counter_ns() - start) / len(lines))
    print(statistics.median(samples[1:]), hits)


main()
