"""The workloads of make bench: each function measures one and returns its rows. Used by bench.py."""
import os
import re

import measure
from workloads import (AREAS, CHAIN, DISTRICT, DISTRICTS, ENGLAND, MM1, PRESSURE, RULER, families, note, row,
                       skipped, written)

SIMPY = "there is no python with simpy; get it with `pip install simpy` (Debian: apt-get install python3-simpy3)"


def chain(b):
    """chain.yaml beside the same model hard-coded: as a plain loop, and for vectors"""
    runs, n = b.chain(), b.size(CHAIN)
    plain, batch, kith = runs["chain_plain"], runs["chain_batch"], runs["kith"]
    name = f"chain.yaml, {n:,} families"
    yield row(name, "chain_plain: plain loop in C", plain,
              instructions=b.yard_instructions("chain_plain", [4000], [24000]))
    yield row(name, "chain_batch: batches in C, any vectors", batch, yards=plain, to="chain_plain",
              instructions=b.yard_instructions("chain_batch", [4000], [24000]))
    yield row(name, "kith", kith, runs["kith, two threads"], plain, "chain_plain",
              instructions=b.kith_instructions(CHAIN), bytes=written(kith, runs["kith, writing"]))
    yield {"workload": name, "what": "kith, beside the batches", "ratio": measure.ratio(batch, kith),
           "to": "chain_batch"}
    for lanes, cpu in (4, "CPUs with AVX2"), (2, "any x86-64"):
        if f"lanes{lanes}" in runs:
            yield row(name, f"kith, as for {cpu}", runs[f"lanes{lanes}"], yards=plain, to="chain_plain",
                      instructions=b.kith_instructions(CHAIN, b.program(f"lanes{lanes}/kith")))
        else:
            yield skipped(name, f"kith, as for {cpu}", "this source has no vector kernels to choose from")
    yield note(name, "ratio 1: as fast as the hard-coded loop. Cimba: 12.5 M/s")
    if wide_here():
        yield note(name, "callgrind knows no AVX-512: it counts kith's AVX2 kernel, and cannot run chain_batch")


def wide_here():
    """Whether this CPU has AVX-512."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            return " avx512f" in file.read()
    except OSError:
        return False


def district(b):
    """district.yaml, families who share workers: many districts of 1,000, and one of a million"""
    runs = b.districts()
    name = f"district.yaml, {b.size(DISTRICTS):,} districts of 1,000 families"
    yield row(name, "kith", runs["kith"], runs["kith, two threads"], runs["chain_plain"], "chain_plain", True,
              instructions=b.kith_instructions(DISTRICTS), bytes=written(runs["kith"], runs["kith, writing"]))
    yield note(name, "Cimba: 7.3 M/s, on two threads 13.6 M/s")
    yield note(name, "events are timed ones (24.8 a family), as other engines count: not the end of a wait")
    runs = b.measured({"chain_plain": b.yard("chain_plain", RULER), "kith": b.job(DISTRICT)}, DISTRICT.repeats)
    name = f"district.yaml, one district of {b.size(DISTRICT):,} families"
    yield row(name, "kith", runs["kith"], None, runs["chain_plain"], "chain_plain", True)
    yield note(name, f"{len(runs['kith'])} runs; one area is simulated by one thread. Cimba: 1.74 M/s at 1,000,000")


def area(b):
    """area.yaml, areas with a limited service, beside a hard-coded prototype"""
    runs = b.areas()
    name = f"area.yaml, {b.size(AREAS)} areas of 50,000 families"
    yield row(name, "area_plain: prototype in C", runs["area_plain"],
              instructions=b.yard_instructions("area_plain", [1, 5000], [3, 5000]))
    yield row(name, "kith", runs["kith"], runs["kith, two threads"], runs["area_plain"], "area_plain",
              instructions=b.kith_instructions(AREAS), bytes=written(runs["kith"], runs["kith, writing"]))
    yield {"workload": name, "what": "kith, writing every event", "to": "area_plain",
           "ratio": measure.ratio(runs["area_plain"], runs["kith, writing"])}
    yield note(name, "the prototype keeps its rows in memory; single precision, clocks drawn anew at each entry")


def england(b):
    """england.yaml, a sample of families over all authorities: nothing coupled"""
    runs = with_ruler(b, ENGLAND)
    name = f"england.yaml, baseline, {b.size(ENGLAND):,} families"
    yield row(name, "kith", runs["kith"], runs["kith, two threads"], runs["chain_plain"], "chain_plain", True,
              instructions=b.kith_instructions(ENGLAND))
    yield note(name, f"{len(runs['kith'])} runs")


def pressure(b):
    """pressure.yaml, England with limited services: whole authorities, coupled"""
    runs = with_ruler(b, PRESSURE)
    name = f"pressure.yaml, baseline, {b.size(PRESSURE)} authorities"
    yield row(name, "kith", runs["kith"], runs["kith, two threads"], runs["chain_plain"], "chain_plain", True,
              instructions=b.kith_instructions(PRESSURE))
    yield note(name, f"{len(runs['kith'])} runs")


def with_ruler(b, work):
    """Runs of a work that has no yardstick of its own."""
    return b.measured({"chain_plain": b.yard("chain_plain", RULER), "kith": b.job(work),
                       "kith, two threads": b.job(work, 2)}, work.repeats)


def writing(b):
    """What it costs to write every event: ns and bytes an event more"""
    for what, runs in ("chain.yaml", b.chain()), ("area.yaml", b.areas()):
        none, every = runs["kith"], runs["kith, writing"]
        yield {"workload": "writing every event, against none", "what": what, "bytes": written(none, every),
               "ns_more": measure.median(e.ns - n.ns for n, e in zip(none, every)),
               "ratio": measure.ratio(none, every), "to": "not writing", "runs": len(none)}


def threads(b):
    """How much faster two threads are than one, without and with writing"""
    for what, runs in ("chain.yaml", b.chain()), ("district.yaml", b.districts()), ("area.yaml", b.areas()):
        name = "two threads against one"
        yield row(name, what, runs["kith"], runs["kith, two threads"])
        yield row(name, what + ", writing every event", runs["kith, writing"], runs["kith, writing, two threads"])


def mm1(b):
    """mmc.yaml with one server at load 0.9: customers a second, beside SimPy"""
    name = f"mmc.yaml, M/M/1 at load 0.9, {b.size(MM1):,} customers"
    jobs = {"kith": b.job(MM1)}
    if b.simpy:
        jobs["SimPy"] = b.python("mm1_simpy.py", 20000 if b.scale == "quick" else 50000)
    runs = b.measured(jobs)
    yield row(name, "kith, customers", runs["kith"], yards=runs.get("SimPy"), to="SimPy",
              instructions=b.kith_instructions(MM1))
    yield row(name, "SimPy, customers", runs["SimPy"]) if b.simpy else skipped(name, "SimPy", SIMPY)
    yield note(name, "Cimba: 9.1 M customers/s")


def queue(b):
    """The queue of pending events alone (the hold model: take the first, put one back)"""
    name = "queue alone, take one and put one back"
    if not os.path.exists(b.tool("hold")):
        yield skipped(name, "hold", "bench/hold.c is missing or did not build")
        return
    for pending in (1000, 100000) if b.scale == "quick" else (1000, 100000, 1000000):
        b.tell(f"{pending:,} pending")
        found = re.search(r"([\d.]+) ns", measure.run([b.tool("hold"), str(pending)]).out)
        if not found:
            raise measure.Failed("hold did not print `X ns`")
        ns = float(found[1])
        yield {"workload": name, "what": f"{pending:,} pending", "ns": ns, "rate": 1e3 / ns}
    yield note(name, "Cimba: 9.0, 4.5 and 1.9 M/s at 1,000, 100,000 and 1,000,000 pending")


def startup(b):
    """Wall time of what is small: checking a file, and runs of one family"""
    jobs = {}
    for work, file in (CHAIN, "chain.yaml"), (ENGLAND, "england.yaml"):
        jobs[f"kith check {file}"] = lambda w=work: measure.run([b.kith.program, "check", w.scenario])
        command = b.kith.command(work, families(1))
        jobs[f"kith run {file}, 1 family"] = lambda c=command: measure.run(c)
    for what, children in b.measured(jobs).items():
        yield {"workload": "start-up", "what": what, "seconds": measure.median(c.seconds for c in children),
               "peak_mb": max(c.peak for c in children), "runs": len(children)}


def memory(b):
    """Peak memory of chain.yaml by number of families and threads"""
    name = "memory of chain.yaml, one run each"
    for n in (1000000, 100000000) if b.scale == "full" else (100000, 1000000):
        for count in 1, 2:
            b.tell(f"{n:,} families, threads: {count}")
            sample = b.kith.run(CHAIN, families(n), count)
            yield {"workload": name, "what": f"{n:,} families, threads: {count}", "seconds": sample.seconds,
                   "peak_mb": sample.peak}
    if b.scale != "full":
        yield note(name, "100,000,000 families only with --full: some minutes")


def simpy(b):
    """SimPy on the chain and on one district, and kith on the same"""
    name = "SimPy beside kith"
    if not b.simpy:
        yield skipped(name, "chain_simpy, district_simpy", SIMPY)
        return
    for work, script, size in (CHAIN, "chain_simpy.py", 2000), (DISTRICTS, "district_simpy.py", 1000):
        runs = b.measured({f"SimPy, {work.file}": b.python(script, size), "kith": b.job(work)})
        yards = runs[f"SimPy, {work.file}"]
        yield row(name, f"SimPy, {work.file}, {size:,} families", yards)
        yield row(name, f"kith, {work.file}", runs["kith"], yards=yards, to="SimPy")


ALL = {f.__name__: f for f in (chain, district, area, england, pressure, writing, threads, mm1, queue, startup, memory,
                               simpy)}
