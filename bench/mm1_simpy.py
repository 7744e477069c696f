#!/usr/bin/env python3
"""The M/M/1 queue of scenarios/mmc.yaml in SimPy: one process for each customer, the server is a Resource.

usage: mm1_simpy.py [CUSTOMERS]        (default 100000)

Arrival rate 0.9, service rate 1. Prints customers, seconds and the mean wait, which tends to 9 service times (many
customers are needed: waits of neighbours are alike).

What it leaves out: a warm-up, draws that belong to a customer, output of any kind.
"""
import random
import sys
import time

import simpy


def customer(env, server, waits):
    """One customer: waits, is served, leaves."""
    came = env.now
    with server.request() as turn:
        yield turn
        waits[0] += env.now - came
        yield env.timeout(random.expovariate(1.0))


def arrivals(env, server, customers, waits):
    """Lets the customers come."""
    for _ in range(customers):
        yield env.timeout(random.expovariate(0.9))
        env.process(customer(env, server, waits))


def main():
    """Runs the queue and prints one line."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    random.seed(12345)
    waits = [0.0]
    began = time.perf_counter()
    env = simpy.Environment()
    server = simpy.Resource(env, capacity=1)
    env.process(arrivals(env, server, customers, waits))
    env.run()
    seconds = time.perf_counter() - began
    print(f"{customers} customers {seconds:.6f} s {waits[0] / customers:.3f}")


if __name__ == "__main__":
    main()
