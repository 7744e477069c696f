"""Running programs and measuring them: time, peak memory, instructions. Used by bench.py."""
import dataclasses
import functools
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MOST_ADDRESSES = 8_000_000 * 1024  # bytes a program may map: one that goes wrong ends instead of filling the machine
MB = 1e6


class Failed(Exception):
    """A program that did not do what was asked."""


@dataclasses.dataclass
class Child:
    """What a program left behind."""
    out: str
    err: str
    seconds: float
    peak: float  # MB


@dataclasses.dataclass
class Sample:
    """One measured run: of kith, or of a yardstick."""
    seconds: float
    events: float
    peak: float  # MB
    size: int = 0  # bytes written

    @property
    def ns(self):
        """Nanoseconds an event."""
        return self.seconds * 1e9 / self.events


def _limit():
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    except (OSError, ValueError):  # not every system knows such a limit
        pass


def start(command):
    """Starts a program with limited memory; returns what finish() needs."""
    files = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=files[0], stderr=files[1],
                                 preexec_fn=_limit)
    except OSError as e:
        raise Failed(f"{command[0]}: {e.strerror}") from e
    return command, child, files, time.perf_counter()


def finish(started):
    """Waits for a started program; raises Failed if it failed."""
    command, child, files, began = started
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        raise
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    texts = []
    for file in files:
        file.seek(0)
        texts.append(file.read())
        file.close()
    if child.returncode:
        how = signal.Signals(-child.returncode).name if child.returncode < 0 else f"exit code {child.returncode}"
        last = (texts[1].strip().splitlines() or [""])[-1]
        raise Failed(f"{' '.join(command)}: {how}: {last}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MB
    return Child(*texts, seconds, peak)


def run(command):
    """Runs a program to its end."""
    return finish(start(command))


def least_peak():
    """MB that the system counts for any program started from here: this process, before it became the program."""
    return run(["true"]).peak


class Others:
    """How many processors programs other than these use meanwhile, where the system tells."""

    def __init__(self):
        self.began = time.perf_counter()
        self.busy = self.seconds()

    @staticmethod
    def seconds():
        """Processor seconds used so far by all but this program and those it waited for; nothing if not known."""
        try:
            with open("/proc/stat", encoding="ascii") as file:
                user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
        except (OSError, ValueError):
            return None
        ticks = user + nice + system + irq + softirq + steal
        return ticks / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])

    def processors(self):
        """Their number, on average since the beginning."""
        now = self.seconds()
        return None if now is None else max(0.0, (now - self.busy) / (time.perf_counter() - self.began))


def yardstick(command):
    """A program that prints `N events S s ...` (or customers)."""
    child = run([str(word) for word in command])
    return Sample(*reading(child.out), child.peak)


def reading(text):
    """Seconds and events of such a line."""
    found = re.match(r"(\d+) (?:events|customers) ([\d.]+) s", text)
    if not found:
        raise Failed(f"a yardstick printed {text[:60]!r}")
    return float(found[2]), int(found[1])


class Kith:
    """A built kith program."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.counted = {}

    @functools.cached_property
    def start_up(self):
        """Seconds of a run of one family of chain.yaml: reading a scenario, writing what a file has besides results."""
        scenario = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenarios", "chain.yaml")
        path = os.path.join(self.folder, "one.h5")
        command = [self.program, "run", scenario, "--overwrite", "-o", path, "--quiet", "--set", "population.families=1"]
        seconds = statistics.median(run(command).seconds for _ in range(7))
        os.remove(path)
        return seconds

    def command(self, work, settings, threads=1, trajectories="none"):
        """The words of a run; it writes into the folder."""
        words = [self.program, "run", work.scenario, "--overwrite", "-o", self.path(settings), "--threads", str(threads), "--quiet",
                 "--trajectories", trajectories, *work.options]
        for key, value in settings.items():
            words += ["--set", f"{key}={value}"]
        return words

    def path(self, settings):
        """The file that a run with these settings writes."""
        return os.path.join(self.folder, "_".join(re.sub(r"\W", "", str(v)) for v in settings.values()) + ".h5")

    def run(self, work, settings, threads=1, trajectories="none"):
        """One run from beginning to end, its file written, less what a run of one family of chain.yaml takes."""
        least = self.start_up
        child = run(self.command(work, settings, threads, trajectories))
        path = self.path(settings)
        sample = Sample(max(child.seconds - least, 1e-6), self.events(work, settings), child.peak, os.path.getsize(path))
        os.remove(path)
        return sample

    def events(self, work, settings):
        """Events of the run just made as this work counts them; they depend on the settings only."""
        path = self.path(settings)
        info = json.loads(run([self.program, "info", path, "--json"]).out)
        key = work.scenario, tuple(settings.items())
        if key not in self.counted:
            self.counted[key] = work.count(info, lambda measure, at: self.mean(path, measure, at))
        return self.counted[key]

    def mean(self, path, measure, at):
        """A measure's value at a time (a number of years, or total)."""
        child = run([self.program, "summary", path, "--json", "--measure", measure, "--time", str(at)])
        return json.loads(child.out)["rows"][0]["mean"]


def refs(err):
    """The number of instructions that callgrind counted."""
    found = re.search(r"Collected : (\d+)", err)
    if not found:
        raise Failed("callgrind said nothing")
    return int(found[1])


def counted(commands):
    """Runs two programs at the same time under callgrind; returns their children."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    started = [start(tool + [str(word) for word in command]) for command in commands]
    try:
        return [finish(one) for one in started]
    except BaseException:
        for _, child, _, _ in started:
            if child.returncode is None:
                child.kill()
                child.wait()
        raise


def kith_instructions(kith, work):
    """Instructions an event, by the difference of two sizes: start-up does not count."""
    children = counted([kith.command(work, settings) for settings in work.small])
    events = []
    for settings in work.small:
        events.append(kith.events(work, settings))
        os.remove(kith.path(settings))
    return (refs(children[1].err) - refs(children[0].err)) / (events[1] - events[0])


def yardstick_instructions(small, large):
    """The same for a yardstick."""
    children = counted([small, large])
    events = [reading(child.out)[1] for child in children]
    return (refs(children[1].err) - refs(children[0].err)) / (events[1] - events[0])


def alternate(jobs, repeats, tell):
    """Runs every job in turn, and that `repeats` times; returns the samples of each."""
    samples = {name: [] for name in jobs}
    for i in range(repeats):
        for name, job in jobs.items():
            tell(f"{name}, {i + 1} of {repeats}")
            samples[name].append(job())
    return samples


def median(values):
    """The median."""
    return statistics.median(values)


def same_work(yards, samples):
    """Sees to it that a yardstick simulates the same: its number of events is the same, up to chance."""
    if abs(yards[0].events / samples[0].events - 1) > 0.02:
        raise Failed(f"not the same work: {yards[0].events:,} events of the yardstick, {samples[0].events:,} of kith")


def ratio(yards, samples):
    """How fast the samples are against the yardstick beside each: 2 is twice as fast."""
    return median(y.ns / s.ns for y, s in zip(yards, samples))
