"""What make bench measures: scenarios, their sizes, and the rows of each workload. Used by bench.py."""
import dataclasses
import functools
import os
import shutil

import measure

HERE = os.path.dirname(os.path.abspath(__file__))
AUTHORITIES = ["E06000001", "E06000004", "E08000001"]  # Hartlepool, Stockton-on-Tees, Bolton
RULER = 300000  # families of chain_plain where it is only a ruler


def moves(info, _):
    """Events without the families' beginnings, which the hard-coded yardsticks do not count."""
    return info["events"] - info["families"]


def timed(info, mean):
    """Events at a time drawn: neither beginnings nor the moments when a place becomes free for who waits."""
    granted = mean("resource.workers.waited", "total") - mean("stock.chain.wait", 18)
    return info["events"] - info["families"] - granted


def all_events(info, _):
    """Events as kith counts them."""
    return info["events"]


def customers(_, mean):
    """Customers simulated: those counted, and half as many of warm-up."""
    return 1.5 * mean("customers", "total")


def areas_of(size):
    """Settings for a number of areas of one size."""
    return lambda n: {"population.families": n * size, "population.areas": n}


def families(n):
    """Settings for a number of families."""
    return {"population.families": n}


def authorities(n, share=1):
    """Settings for the first authorities of the list; share is that of their families, scaled up again."""
    only = {"population.areas.only": "[" + ",".join(AUTHORITIES[:n]) + "]"}
    return {**only, "population.families": int(6910000 * share)}


def one_server(n):
    """Settings for M/M/1 at load 0.9 with n customers in all."""
    return {"servers": 1, "arrival_rate": "90 /year", "customers": round(n / 1.5)}


@dataclasses.dataclass(frozen=True)
class Work:
    """One scenario to run."""
    file: str
    settings: object  # a function of a size
    sizes: dict  # for quick, usual and full
    count: object  # the events of a file
    small: tuple = ()  # two settings whose difference counts instructions
    options: tuple = ()
    repeats: int = 99  # at most

    @property
    def scenario(self):
        """The path of the scenario."""
        return os.path.join(os.path.dirname(HERE), "scenarios", self.file)


def sizes(quick, usual, full):
    """The sizes by name."""
    return {"quick": quick, "usual": usual, "full": full}


CHAIN = Work("chain.yaml", families, sizes(200000, 2000000, 10000000), moves, (families(4000), families(24000)))
DISTRICTS = Work("district.yaml", areas_of(1000), sizes(30, 1000, 1000), timed, (areas_of(1000)(2), areas_of(1000)(8)))
DISTRICT = Work("district.yaml", lambda n: {"population.families": n, "population.areas": 1},
                sizes(100000, 1000000, 1000000), timed, repeats=3)
AREAS = Work("area.yaml", areas_of(50000), sizes(2, 80, 130), moves, (areas_of(5000)(1), areas_of(5000)(3)))
ENGLAND = Work("england.yaml", families, sizes(34550, 172750, 6910000), all_events, (families(3455), families(13820)),
               ("--arms", "baseline"), repeats=3)
PRESSURE = Work("pressure.yaml", authorities, sizes(1, 3, 3), all_events, (authorities(1, 0.05), authorities(1, 0.15)),
                ("--arms", "baseline"), repeats=3)
MM1 = Work("mmc.yaml", one_server, sizes(100000, 500000, 1500000), customers, (one_server(15000), one_server(75000)),
           ("--replications", "1"))


@dataclasses.dataclass
class Bench:
    """What all workloads share: the programs, the size and number of runs, what was measured already."""
    build: str
    folder: str
    scale: str  # quick, usual or full
    repeats: int
    simpy: str  # a python that has simpy, or nothing
    tell: object
    valgrind: bool = dataclasses.field(default_factory=lambda: shutil.which("valgrind") is not None)

    def __post_init__(self):
        self.kith = self.program("kith")
        self.areas = functools.lru_cache(self._areas)
        self.chain = functools.lru_cache(self._chain)
        self.districts = functools.lru_cache(self._districts)

    def program(self, name):
        """kith as built in a folder of the build directory."""
        return measure.Kith(os.path.join(self.build, name), self.folder)

    def tool(self, name):
        """The path of a yardstick in the build directory."""
        return os.path.join(self.build, name)

    def size(self, work):
        """The size of a work in this bench."""
        return work.sizes[self.scale]

    def settings(self, work):
        """The settings that give that size."""
        return work.settings(self.size(work))

    def job(self, work, threads=1, trajectories="none", kith=None):
        """A run to be measured."""
        return lambda: (kith or self.kith).run(work, self.settings(work), threads, trajectories)

    def yard(self, *command):
        """A yardstick's run."""
        return lambda: measure.yardstick([self.tool(command[0]), *command[1:]])

    def python(self, script, *arguments):
        """A run of a script that uses SimPy."""
        return lambda: measure.yardstick([self.simpy, os.path.join(HERE, script), *arguments])

    def measured(self, jobs, repeats=99):
        """Runs jobs in turn, several times."""
        return measure.alternate(jobs, min(repeats, self.repeats), self.tell)

    def quartet(self, work):
        """kith with one thread and two, writing nothing and all."""
        return {"kith": self.job(work), "kith, two threads": self.job(work, 2),
                "kith, writing": self.job(work, 1, "all"), "kith, writing, two threads": self.job(work, 2, "all")}

    def narrow(self):
        """The builds for CPUs with narrower vectors that are there."""
        return [lanes for lanes in (4, 2) if os.path.exists(self.tool(f"lanes{lanes}/kith"))]

    def _chain(self):
        n = self.size(CHAIN)
        jobs = {"chain_batch": self.yard("chain_batch", n), "kith": self.job(CHAIN),
                "chain_plain": self.yard("chain_plain", n)}
        for lanes in self.narrow():
            jobs[f"lanes{lanes}"] = self.job(CHAIN, kith=self.program(f"lanes{lanes}/kith"))
        runs = self.measured({**jobs, **self.quartet(CHAIN)})
        measure.same_work(runs["chain_plain"], runs["kith"])
        measure.same_work(runs["chain_batch"], runs["kith"])
        return runs

    def _areas(self):
        jobs = {"area_plain": self.yard("area_plain", self.size(AREAS)), **self.quartet(AREAS)}
        runs = self.measured(jobs)
        measure.same_work(runs["area_plain"], runs["kith"])
        return runs

    def _districts(self):
        return self.measured({"chain_plain": self.yard("chain_plain", RULER), **self.quartet(DISTRICTS)})

    def instructions(self, what, *arguments):
        """Instructions an event, or nothing where they cannot be counted; `what` is a function of measure."""
        if not self.valgrind:
            return None
        self.tell("counting instructions")
        try:
            return what(*arguments)
        except measure.Failed:
            return None

    def kith_instructions(self, work, kith=None):
        """The same for kith."""
        return self.instructions(measure.kith_instructions, kith or self.kith, work)

    def yard_instructions(self, name, *sizes_of):
        """The same for a yardstick, from two sizes."""
        return self.instructions(measure.yardstick_instructions, *([self.tool(name), *words] for words in sizes_of))


def row(workload, what, samples=None, two=None, yards=None, to=None, ruler=False, **more):
    """One row: medians of the samples, with two threads, and against the yardstick runs beside them."""
    found = {"workload": workload, "what": what}
    if samples:
        ns = measure.median(s.ns for s in samples)
        found.update(ns=ns, rate=1e3 / ns, seconds=measure.median(s.seconds for s in samples), runs=len(samples),
                     events=samples[0].events, peak_mb=max(s.peak for s in samples),
                     spread=(max(s.ns for s in samples) - min(s.ns for s in samples)) / ns)
    if two:
        found.update(rate_2=1e3 / measure.median(s.ns for s in two), gain=measure.ratio(samples, two),
                     peak_mb_2=max(s.peak for s in two))
    if yards:
        found.update(ratio=measure.ratio(yards, samples), to=to, ruler=ruler)
    found.update({key: value for key, value in more.items() if value is not None})
    return found


def note(workload, text):
    """A remark in the table."""
    return {"workload": workload, "what": "note", "note": text}


def skipped(workload, what, why):
    """Something that was not measured."""
    return {"workload": workload, "what": what, "skipped": why}


def written(none, every):
    """Bytes an event that writing adds."""
    return (every[0].size - none[0].size) / none[0].events
