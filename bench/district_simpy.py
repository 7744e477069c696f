#!/usr/bin/env python3
"""scenarios/district.yaml in SimPy: one process for each family, and the workers are a Resource.

usage: district_simpy.py [FAMILIES [DISTRICTS]]        (default 1000 families in each of 1 district)

Prints events, seconds, the share of time in each state (s0 to s5, waiting, visited) and how many waited. Events are
what happens at a time drawn: moves and ends of visits, not the moments when a worker becomes free for who waits.

What it leaves out: draws that belong to a clock, counts by month, output of any kind.
"""
import random
import sys
import time

import simpy

from chain_simpy import CLOCKS, YEARS

WORKERS_PER_FAMILY = 0.050
VISIT = 1 / 8.695652174
WAITING, VISITED = 6, 7


class Tally:
    """What is counted: events, who waited, years in each state."""

    def __init__(self):
        self.events = self.waited = 0
        self.spent = [0.0] * 8


def spend(env, tally, state, since):
    """Books the time since a moment on a state; returns the time now."""
    tally.spent[state] += env.now - since
    return env.now


def visit(env, workers, tally, since):
    """Waits for a worker and for the end of the visit; returns the time then."""
    with workers.request() as place:
        tally.waited += not place.triggered
        yield place
        since = spend(env, tally, WAITING, since)
        yield env.timeout(random.expovariate(1 / VISIT))
        tally.events += 1
        return spend(env, tally, VISITED, since)


def family(env, workers, tally):
    """One family from s0 on."""
    state, since = 0, 0.0
    while True:
        stay, to = min((random.weibullvariate(scale, shape), to) for to, shape, scale in CLOCKS[state])
        yield env.timeout(stay)
        tally.events += 1
        since = spend(env, tally, state, since)
        if to in (2, 3, 4):
            since = yield from visit(env, workers, tally, since)
        state = to


def main():
    """Runs the districts one after the other and prints one line."""
    families = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    districts = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    random.seed(12345)
    tally = Tally()
    began = time.perf_counter()
    for _ in range(districts):
        env = simpy.Environment()
        workers = simpy.Resource(env, capacity=round(WORKERS_PER_FAMILY * families))
        for _ in range(families):
            env.process(family(env, workers, tally))
        env.run(until=YEARS)
    seconds = time.perf_counter() - began
    known = sum(tally.spent)  # what was under way at the end is not booked
    print(f"{tally.events} events {seconds:.6f} s", *(f"{x / known:.5f}" for x in tally.spent), tally.waited, "waited")


if __name__ == "__main__":
    main()
