#!/usr/bin/env python3
"""Twins: what became of the same children under two arms.

usage: twins.py FILE.h5 --base A --arm B [--event GLOB]

Reads the trajectories (run with --trajectories all, or a share) of a file and compares, child by child, whether at
least one transition that matches GLOB (CHART.FROM.TO, default services.*.looked_after) happened in the counted period.
Prints children with the event in the base arm, those of them without it in the other (averted), and those with it only
in the other (newly harmed), both also per hundred of the base. Children are the same in all arms because every draw is
keyed; a policy that only helps should harm next to nobody.
"""
import argparse
import fnmatch
import sys

import h5py
import numpy as np


def with_event(f, first, last, codes):
    """Keys (cell-independent family and member) of children with an event among `codes` in families first..last."""
    offset = f["trajectories/family/event_offset"][first:last + 1]
    begin, end = int(offset[0]), int(offset[-1])
    code = f["trajectories/event/code"][begin:end]
    member = f["trajectories/event/member"][begin:end].astype(np.int64)
    day = f["trajectories/event/day"][begin:end]
    ids = np.repeat(f["trajectories/family/id"][first:last].astype(np.int64), np.diff(offset))
    hit = np.isin(code, codes) & (day > 0)
    return np.unique(ids[hit] * 128 + member[hit])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("file")
    p.add_argument("--base", required=True)
    p.add_argument("--arm", required=True)
    p.add_argument("--event", default="services.*.looked_after")
    a = p.parse_args()
    with h5py.File(a.file) as f:
        if "trajectories" not in f:
            sys.exit(f"{a.file}: no trajectories; run again with --trajectories all")
        text = [x.decode() if isinstance(x, bytes) else x for x in f["axes/transition"][:]]
        codes = [i for i, name in enumerate(text) if fnmatch.fnmatch(name, a.event)
                 and name.split(".")[1] != "entry"]
        if not codes:
            sys.exit(f"no transition matches {a.event}; there are: {', '.join(text)}")
        arms = [x.decode() if isinstance(x, bytes) else x for x in f["axes/arm"][:]]
        for arm in (a.base, a.arm):
            if arm not in arms:
                sys.exit(f"no arm {arm}; there are: {', '.join(arms)}")
        replications, n_arms, areas = f["cells/done"].shape
        offset = f["trajectories/cell/family_offset"][:]
        totals = np.zeros(4, dtype=np.int64)
        for r in range(replications):
            for area in range(areas):
                sets = []
                for arm in (a.base, a.arm):
                    cell = (r * n_arms + arms.index(arm)) * areas + area
                    sets.append(with_event(f, int(offset[cell]), int(offset[cell + 1]), codes))
                both = np.intersect1d(*sets, assume_unique=True).size
                totals += [sets[0].size, sets[1].size, sets[0].size - both, sets[1].size - both]
    base, other, averted, harmed = (int(x) for x in totals)
    print(f"children with {a.event} in the counted period")
    print(f"  {a.base:<20} {base:>10,}")
    print(f"  {a.arm:<20} {other:>10,}")
    print(f"  averted              {averted:>10,}   {100 * averted / max(base, 1):7.3f} per 100 of {a.base}")
    print(f"  newly harmed         {harmed:>10,}   {100 * harmed / max(base, 1):7.3f} per 100 of {a.base}")


if __name__ == "__main__":
    main()
