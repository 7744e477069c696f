"""The table of make bench, and its line of progress. Used by bench.py."""
import sys
import time

# key, title, digits; the text of a row stands before them
COLUMNS = [
    ("seconds", "seconds", None), ("rate", "M/s", None), ("rate_2", "2 thr.", None), ("gain", "gain", 2),
    ("ns", "ns/ev.", 1), ("instructions", "instr.", 0), ("bytes", "bytes", 2), ("peak_mb", "MB", 0),
    ("ratio", "ratio", None)]
WIDTHS = {"seconds": 9, "rate": 8, "rate_2": 8, "gain": 6, "ns": 9, "instructions": 7, "bytes": 7, "peak_mb": 7,
          "ratio": 8}
TEXT = 42
LEGEND = """\
seconds of one run on one thread, of kith the whole program less what a run of one family of chain.yaml takes; M/s
million events a second on one thread, `2 thr.` on two, gain how many times as fast; ns/ev. nanoseconds an event; instr.
instructions an event (callgrind); bytes that writing an event takes; MB of peak memory; ratio: speed against what is
named beside it, run by run (2: twice as fast), ~ where that does other work and is only a ruler for drift.
Cimba: the fastest other engine known, as measured on 2 cores of a Zen 5; not in this run, so compare with care."""


class Progress:
    """What is being done, on standard error: one line that changes on a terminal, else a line for each workload."""

    def __init__(self, quiet):
        self.quiet = quiet
        self.terminal = sys.stderr.isatty()
        self.began = time.perf_counter()
        self.workload = ""

    def begin(self, workload, number, of):
        """A workload begins."""
        self.workload = f"[{number}/{of}] {workload}"
        if not self.terminal and not self.quiet:
            print(f"bench: {self.workload} ({self.elapsed():.0f} s)", file=sys.stderr, flush=True)

    def __call__(self, text):
        """A run begins."""
        if self.terminal and not self.quiet:
            print(f"\r\033[Kbench: {self.workload}: {text} ({self.elapsed():.0f} s)", end="", file=sys.stderr,
                  flush=True)

    def end(self):
        """All is done."""
        if self.terminal and not self.quiet:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def elapsed(self):
        """Seconds since the beginning."""
        return time.perf_counter() - self.began


def number(value, digits):
    """A number as the table shows it: three figures unless told how many decimals."""
    if digits is not None:
        return f"{value:,.{digits}f}"
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def cell(row, key, digits, least):
    """A row's entry in a column."""
    if key == "ns" and "ns_more" in row:
        return f"{row['ns_more']:+.1f}"
    value = row.get(key)
    if value is None:
        return "-"
    if key == "peak_mb" and value <= least * 1.02:
        return f"<{least:.0f}"
    if key == "ratio":
        return ("~" if row.get("ruler") else "") + (f"{value:.0f}" if value >= 100 else f"{value:.3g}")
    return number(value, digits)


def lines(rows, least):
    """The table, line by line; `least` is the peak memory below which it cannot be told."""
    yield f"{'':{TEXT}}" + "".join(f"{title:>{WIDTHS[key]}}" for key, title, _ in COLUMNS)
    last = None
    for row in rows:
        if row["workload"] != last:
            last = row["workload"]
            yield f"{last}"
        if "skipped" in row:
            yield f"  *** SKIPPED {row['what']}: {row['skipped']}"
        elif "note" in row:
            yield f"  ({row['note']})"
        else:
            cells = "".join(f"{cell(row, key, digits, least):>{WIDTHS[key]}}" for key, _, digits in COLUMNS)
            yield f"  {row['what']:{TEXT - 2}}{cells}  {row.get('to', '')}".rstrip()


def show(rows, least, repeats, others):
    """Prints the table; `others` is how many processors other programs used during each workload."""
    for line in lines(rows, least):
        print(line)
    print()
    print(LEGEND)
    print(f"Medians of {repeats} runs that alternate with what they are compared to; of fewer where the table says so.")
    disturbed = [f"{name} {n:.1f}" for name, n in others.items() if n and n > 0.1]
    if disturbed:
        print("*** OTHER PROGRAMS WERE RUNNING: times, gains and even ratios are doubtful. Processors that they used: "
              + ", ".join(disturbed))
    widest = max((row for row in rows if "spread" in row), key=lambda row: row["spread"], default=None)
    if widest:
        print(f"Widest spread of the runs behind a row: {100 * widest['spread']:.0f}% of the median "
              f"({widest['workload']}: {widest['what']}).")
    skipped = [row for row in rows if "skipped" in row]
    if skipped:
        print(f"*** {len(skipped)} SKIPPED: " + ", ".join(f"{row['workload']}: {row['what']}" for row in skipped))
