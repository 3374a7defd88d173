"""Scans lines with pyahocorasick: `ahocorasick_peer.py KEYWORDS TEXTS ROUNDS`.

Prints the time of one line in nanoseconds, best of each hundred, and the number of hits.
"""

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
    portions = [lines[at : at + 100] for at in range(0, len(lines), 100)]
    best = [float("inf")] * len(portions)
    hits = 0
    for _ in range(int(rounds)):
        hits = 0
        for at, portion in enumerate(portions):
            start = time.perf_counter_ns()
            for line in portion:
                for _ in automaton.iter(line):
                    hits += 1
            best[at] = min(best[at], time.perf_counter_ns() - start)
    print(sum(best) / len(lines), hits)


main()
