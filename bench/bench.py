#!/usr/bin/env python3
"""Speed of kith beside the same model hard-coded in plain C, as ratios of runs that alternate on one machine.

usage: bench.py BUILD [--families N] [--repeats R] [--json]

BUILD holds kith and chain_plain (made by bench/run.sh). One thread. Medians of R runs (default 7), each yardstick run
next to the run it is compared with, because absolute times drift. Only the standard library is needed.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios", "chain.yaml")


def plain(build, families):
    """ns an event of the hard-coded loop (events: transitions; families' beginnings are not counted)."""
    out = subprocess.run([os.path.join(build, "chain_plain"), str(families)], check=True, capture_output=True,
                         text=True).stdout
    events, seconds = re.match(r"(\d+) events ([\d.]+) s", out).groups()
    return float(seconds) * 1e9 / int(events), int(events)


def kith(build, families, folder, trajectories, threads=1):
    """ns an event, events without families' beginnings, and bytes written."""
    path = os.path.join(folder, "bench.h5")
    err = subprocess.run([os.path.join(build, "kith"), "run", SCENARIO, "-o", path, "--threads", str(threads), "--set",
                          f"population.families={families}", "--trajectories", trajectories, "--progress", "json"],
                         check=True, capture_output=True, text=True).stderr
    events, seconds = re.search(r"([\d.e+]+) million events in ([\d.]+) s", err).groups()
    info = json.loads(subprocess.run([os.path.join(build, "kith"), "info", path, "--json"], check=True,
                                     capture_output=True, text=True).stdout)
    wall = float(info["wall_seconds"])
    n = int(info["events"]) - families
    return wall * 1e9 / n, n, os.path.getsize(path)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("--families", type=int, default=3000000)
    p.add_argument("--repeats", type=int, default=7)
    p.add_argument("--json", action="store_true")
    a = p.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(a.repeats):
            yard, _ = plain(a.build, a.families)
            off, n, size_off = kith(a.build, a.families, folder, "none")
            on, _, size_on = kith(a.build, a.families, folder, "all")
            two, _, _ = kith(a.build, a.families, folder, "none", threads=2)
            rows.append((yard, off, on, two, yard / off, on - off, (size_on - size_off) / n, off / two))
            print(f"run {i + 1} of {a.repeats}", file=sys.stderr)
    med = [statistics.median(c) for c in zip(*rows)]
    names = ["plain_ns", "kith_ns", "kith_writing_ns", "kith_two_threads_ns", "ratio_to_plain", "writing_extra_ns",
             "writing_extra_bytes", "two_threads_speedup"]
    if a.json:
        print(json.dumps(dict(zip(names, med)), indent=1))
        return
    print(f"chain.yaml, {a.families} families, 18 years, one thread, medians of {a.repeats}")
    print(f"  hard-coded plain C loop    {med[0]:7.1f} ns/event   {1e3 / med[0]:6.2f} M events/s")
    print(f"  kith, no trajectories      {med[1]:7.1f} ns/event   {1e3 / med[1]:6.2f} M events/s   ratio {med[4]:.2f}")
    print(f"  kith, all trajectories     {med[2]:7.1f} ns/event   {1e3 / med[2]:6.2f} M events/s   "
          f"{med[5]:+.1f} ns and {med[6]:.2f} bytes an event more")
    print(f"  kith, two threads          {med[3]:7.1f} ns/event   {1e3 / med[3]:6.2f} M events/s   x{med[7]:.2f}")


if __name__ == "__main__":
    main()
