#!/usr/bin/env python3
"""How fast kith is, as ratios to yardsticks that run beside it: one table.

Absolute times drift from minute to minute and from machine to machine. So every yardstick runs in turn with what it
is compared to, 7 times, and the table gives medians: of the times, and of the ratios of neighbouring runs. Times are
of the simulation and its writing, without start-up, which has rows of its own. Only the standard library is needed;
instructions need valgrind, and the comparison with SimPy needs SimPy.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile

import measure
import report
import rows
import workloads


def arguments():
    """The command line."""
    names = "\n".join(f"  {name:10} {f.__doc__}" for name, f in rows.ALL.items())
    p = argparse.ArgumentParser(
        prog="sh bench/run.sh", usage="%(prog)s [options]        or        make bench ARGS='options'",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"workloads:\n{names}\n\nexamples:\n  make bench ARGS=--quick\n  make bench ARGS='--only chain area'\n"
               "  B=build sh bench/run.sh --json > bench.json")
    p.add_argument("--only", nargs="+", metavar="NAME", choices=rows.ALL, help="only these workloads")
    size = p.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="scale", action="store_const", const="quick", default="usual",
                      help="small sizes and 3 runs: to see that all works")
    size.add_argument("--full", dest="scale", action="store_const", const="full",
                      help="1,000 districts, 130 areas, all of England, 100 million families: half an hour")
    p.add_argument("--repeats", type=int, metavar="N", help="runs of each (default 7; the slowest workloads take 3)")
    p.add_argument("--json", action="store_true", help="for machines: the rows as JSON on standard output")
    p.add_argument("--quiet", action="store_true", help="no progress on standard error")
    p.add_argument("--build", default="build", metavar="DIR", help="where kith and the yardsticks are (default build)")
    p.add_argument("--simpy", default="", metavar="PYTHON", help="a python that has simpy (run.sh looks for one)")
    p.add_argument("--dry-run", action="store_true", help="only print the names of what would be measured")
    a = p.parse_args()
    a.only = a.only or list(rows.ALL)
    if not os.path.exists(os.path.join(a.build, "kith")):
        p.error(f"there is no kith in {a.build}: build it, or name the folder with --build")
    a.repeats = a.repeats or (3 if a.scale == "quick" else 7)
    return a


def collect(bench, names, progress):
    """The rows of the workloads, whether any failed, and how many processors others used during each.

    A failure ends its workload only.
    """
    found, failed, others = [], False, {}
    for i, name in enumerate(names):
        progress.begin(name, i + 1, len(names))
        watch = measure.Others()
        try:
            found.extend(rows.ALL[name](bench))
        except measure.Failed as e:
            failed = True
            found.append(workloads.skipped(name, "the rest", f"FAILED: {e}"))
        others[name] = watch.processors()
    if not bench.valgrind:
        found.append(workloads.skipped("instructions", "instructions an event", "valgrind is not installed"))
    return found, failed, others


def machine(build):
    """What the times depend on."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            cpu = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    version = subprocess.run([os.path.join(build, "kith"), "--version"], capture_output=True, text=True, check=False)
    return {"cpu": cpu, "processors": os.cpu_count(), "system": platform.platform(), "kith": version.stdout.strip()}


def main():
    """Measures and prints; exit code 1 if something failed."""
    a = arguments()
    if a.dry_run:
        print(*a.only)
        return 0
    progress = report.Progress(a.quiet)
    about = machine(a.build)
    with tempfile.TemporaryDirectory(dir=a.build) as folder:
        least = measure.least_peak()
        bench = workloads.Bench(a.build, folder, a.scale, a.repeats, a.simpy, progress)
        found, failed, others = collect(bench, a.only, progress)
    progress.end()
    if a.json:
        print(json.dumps({"machine": about, "scale": a.scale, "repeats": a.repeats, "least_peak_mb": least,
                          "seconds": progress.elapsed(), "others": others, "rows": found}, indent=1))
    else:
        print(f"{about['kith']}\n{about['processors']} x {about['cpu']}; sizes: {a.scale}; "
              f"{progress.elapsed():.0f} s\n")
        report.show(found, least, a.repeats, others)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
