#!/usr/bin/env python3
"""scenarios/chain.yaml in SimPy: one process for each family. Prints events, seconds, the share of time in each state.

usage: chain_simpy.py [FAMILIES]        (default 2000)

What it leaves out: draws that belong to a clock, counts by month, output of any kind.
"""
import random
import sys
import time

import simpy

YEARS = 18
# state: (to, shape, scale); an exponential clock has shape 1
CLOCKS = [
    [(1, 1, 1 / 0.40), (2, 1, 1 / 0.30)],
    [(0, 1.5, 1.2), (2, 1, 1 / 0.45)],
    [(0, 1.3, 0.8), (3, 1, 1 / 0.90), (4, 1, 1 / 0.25)],
    [(0, 1.5, 1.3), (4, 1, 1 / 0.30), (5, 1, 1 / 0.08)],
    [(3, 1.4, 1.1), (5, 1, 1 / 0.30)],
    [(3, 1.2, 2.5), (0, 1, 1 / 0.20)],
]


def family(env, counts, spent):
    """One family from s0 on, until the end of the simulation."""
    state = 0
    while True:
        stay, to = min((random.weibullvariate(scale, shape), to) for to, shape, scale in CLOCKS[state])
        if env.now + stay > YEARS:
            spent[state] += YEARS - env.now
            return
        yield env.timeout(stay)
        spent[state] += stay
        counts[0] += 1
        state = to


def main():
    """Runs the model and prints one line."""
    families = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    random.seed(12345)
    counts, spent = [0], [0.0] * len(CLOCKS)
    began = time.perf_counter()
    env = simpy.Environment()
    for _ in range(families):
        env.process(family(env, counts, spent))
    env.run(until=YEARS)
    seconds = time.perf_counter() - began
    print(f"{counts[0]} events {seconds:.6f} s", *(f"{x / (families * YEARS):.5f}" for x in spent))


if __name__ == "__main__":
    main()
