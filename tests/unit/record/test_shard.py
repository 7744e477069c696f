#!/usr/bin/env python3
"""Reads and writes shards with nothing but struct and zlib, by what engine/record/shard_format.h says.

$KITH makes parts of small runs. They are read here, checksums and all; where h5py and numpy are there, every number is
compared with the output file of the same run. Then the cells are written anew, in another order and packed by zlib, and
kith has to merge these shards to the same results. Ends with status 1 and a message if something is wrong.
"""

import os
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

KITH = os.environ.get("KITH", "build/kith")
SCENARIOS = os.environ.get("SCENARIOS", "scenarios")
TRACKS, SERIES, END = 0x4B525430, 0x4B534530, 0x4B454E30
NUMBERS = ("seed", "replications", "n_arms", "n_areas", "part", "n_parts", "threads", "n_sources", "n_overrides")
TEXTS = ("fingerprint", "arms", "version", "git_revision", "compiler", "flags", "libraries", "command", "draw_scheme",
         "started")
ARRAYS = (("stock", 4), ("flow", 4), ("count", 4), ("cost", 8), ("amount", 8))


def check(condition, text):
    if not condition:
        sys.exit(text)


def kith(*args, code=0):
    done = subprocess.run([KITH, *args], capture_output=True, text=True)
    check(done.returncode == code, f"kith {' '.join(args)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        check(self.at + n <= len(self.data), "ends too early")
        self.at += n
        return self.data[self.at - n:self.at]

    def numbers(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def bytes(self):
        return self.take(self.numbers("Q")[0])

    def text(self):
        text = self.bytes()
        check(text.endswith(b"\0") and text.count(b"\0") == 1, f"no text: {text!r}")
        return text[:-1].decode()


def read_head(data):
    c = Cursor(data)
    head = dict(zip(NUMBERS, c.numbers("9Q")))
    head.update((name, c.text()) for name in TEXTS)
    head["sources"] = [(c.text(), c.bytes()) for _ in range(head["n_sources"])]
    head["overrides"] = [(c.text(), c.text()) for _ in range(head["n_overrides"])]
    check(c.at == len(data), "bytes behind the head")
    return head


def read_tracks(data, form):
    """What rows have is in the form of the scenario: B or H for a code, b if families have members."""
    c = Cursor(data)
    f, m, e, a = c.numbers("4Q")
    t = {"event_end": c.numbers(f"{f}q"), "member_end": c.numbers(f"{f}q"), "id": c.numbers(f"{f}i"),
         "attribute": c.numbers(f"{f * a}f"), "birth_day": c.numbers(f"{m}i"), "day": c.numbers(f"{e}H"),
         "code": c.numbers(f"{e}{form[0]}"), "member": c.numbers(f"{e}b") if "b" in form else (0,) * e}
    check(c.at == len(data), "bytes behind trajectories")
    check(f == 0 or (t["event_end"][-1] == e and t["member_end"][-1] == m), "ends of families")
    return t


def read_series(data):
    c = Cursor(data)
    events, *sizes = c.numbers("6Q")
    series = {"events": events}
    for (name, width), size in zip(ARRAYS, sizes):
        if size == 0:
            series[name] = b""
            continue
        inflate = zlib.decompressobj()
        flat = inflate.decompress(c.take(size))
        check(inflate.eof and not inflate.unused_data, f"{name}: no zlib stream of that length")
        n = len(flat) // width
        check(len(flat) == n * width, f"{name}: half an element")
        series[name] = b"".join(flat[i::n] for i in range(n))  # undoes the shuffling
    check(c.at == len(data), "bytes behind series")
    return series


def read_shard(path, form):
    """The head as bytes and as a dictionary, and the cells: number -> (batches, series, their records)."""
    with open(path, "rb") as f:
        c = Cursor(f.read())
    magic, size, crc, crc_here = c.numbers("8sQII")
    check(magic == b"kithshd2", "magic")
    check(crc_here == zlib.crc32(c.data[:20]), "checksum of the preamble")
    raw = c.take(size)
    check(crc == zlib.crc32(raw), "checksum of the head")
    cells, batches, records = {}, [], []
    while True:
        at = c.at
        kind, crc, cell, size, zero, crc_here = c.numbers("IIQQII")
        check(zero == 0 and crc_here == zlib.crc32(c.data[at:at + 28]), f"record at byte {at}")
        data = c.take(size)
        check(crc == zlib.crc32(data), f"checksum of the record at byte {at}")
        if kind == END:
            break
        records.append((kind, data))
        if kind == TRACKS:
            batches.append(read_tracks(data, form))
        else:
            check(kind == SERIES and cell not in cells, f"record at byte {at}")
            cells[cell] = (batches, read_series(data), records)
            batches, records = [], []
    n_cells, seconds = struct.unpack("<Qd", data)
    check(n_cells == len(cells) and not batches and seconds >= 0 and c.at == len(c.data), "last record")
    return raw, read_head(raw), cells


def record(kind, cell, data):
    head = struct.pack("<IIQQI", kind, zlib.crc32(data), cell, len(data), 0)
    return head + struct.pack("<I", zlib.crc32(head)) + data


def pack_series(series):
    """As kith does, but with zlib's packing."""
    chunks = []
    for name, width in ARRAYS:
        data = series[name]
        chunks.append(zlib.compress(b"".join(data[i::width] for i in range(width)), 6) if data else b"")
    return struct.pack("<6Q", series["events"], *map(len, chunks)) + b"".join(chunks)


def write_shard(path, raw, cells):
    preamble = b"kithshd2" + struct.pack("<QI", len(raw), zlib.crc32(raw))
    with open(path, "wb") as f:
        f.write(preamble + struct.pack("<I", zlib.crc32(preamble)) + raw)
        for cell, (_, series, records) in cells:
            for kind, data in records[:-1]:
                f.write(record(kind, cell, data))
            f.write(record(SERIES, cell, pack_series(series)))
        f.write(record(END, 0, struct.pack("<Qd", len(cells), 1.5)))


def compare_series(whole, place, cell, series):
    for name, width in ARRAYS:
        check((name in whole) == (len(series[name]) > 0), f"cell {cell}: {name}")
        if name in whole:
            kind = "<i4" if width == 4 else "<f8"
            check(np.array_equal(whole[name][place].ravel(), np.frombuffer(series[name], kind)), f"cell {cell}: {name}")


def compare_tracks(t, cell, batches):
    first, last = t["cell/family_offset"][cell:cell + 2]
    events, members = t["family/event_offset"][first:last + 1], t["family/member_offset"][first:last + 1]

    def gathered(name):
        return np.array([x for b in batches for x in b[name]])

    def lengths(name):
        return np.array([n for b in batches for n in np.diff((0,) + b[name])])

    check(np.array_equal(t["family/id"][first:last], gathered("id")), f"cell {cell}: families")
    check(np.array_equal(np.diff(events), lengths("event_end")), f"cell {cell}: numbers of events")
    check(np.array_equal(np.diff(members), lengths("member_end")), f"cell {cell}: numbers of members")
    for name in ("day", "code", "member"):
        check(np.array_equal(t[f"event/{name}"][events[0]:events[-1]], gathered(name)), f"cell {cell}: {name}")
    check(np.array_equal(t["member/birth_day"][members[0]:members[-1]], gathered("birth_day")), f"cell {cell}: birth days")


def compare_file(path, head, cells):
    with h5py.File(path, "r") as f:
        whole = {name: f["series"][name][()] for name in f["series"]}
        tracks = {f"{group}/{name}": data[()] for group in ("cell", "family", "member", "event")
                  for name, data in f["trajectories"][group].items()}
    for cell, (batches, series, _) in cells.items():
        area, arm = cell % head["n_areas"], cell // head["n_areas"] % head["n_arms"]
        compare_series(whole, (cell // head["n_areas"] // head["n_arms"], arm, area), cell, series)
        compare_tracks(tracks, cell, batches)


def one_scenario(directory, name, replications, form, *options):
    def path(file):
        return os.path.join(directory, file)

    scenario = os.path.join(SCENARIOS, f"{name}.yaml")
    options = [scenario, "--quiet", "--replications", str(replications), "--trajectories", "all", *options]
    kith("run", *options, "-o", path("whole.h5"), "--overwrite")
    digest = kith("digest", path("whole.h5"))
    all_cells = {}
    for part in (1, 2):
        kith("run", *options, "-o", path(f"part-{part}"), "--shard", f"{part}/2", "--overwrite")
        raw, head, cells = read_shard(path(f"part-{part}"), form)
        check((head["part"], head["n_parts"], head["replications"]) == (part, 2, replications), "part in the head")
        check(head["sources"][0][0] == scenario, f"source {head['sources'][0][0]}")
        with open(scenario, "rb") as f:
            check(head["sources"][0][1] == f.read(), "text of the scenario")
        check(not set(all_cells) & set(cells), "a cell in both parts")
        all_cells.update(cells)
        write_shard(path(f"copy-{part}"), raw, list(reversed(cells.items())))
    check(sorted(all_cells) == list(range(replications * head["n_arms"] * head["n_areas"])), "cells are missing")
    if h5py:
        compare_file(path("whole.h5"), head, all_cells)
    kith("merge", path("copy-2"), path("copy-1"), "-o", path("merged.h5"), "--overwrite")
    check(kith("digest", path("merged.h5")) == digest, f"{name}: another digest")
    kith("status", path("copy-1"))
    return len(all_cells)


def main():
    with tempfile.TemporaryDirectory() as directory:
        n = one_scenario(directory, "chain", 7, "B", "--set", "population.families=30")
        n += one_scenario(directory, "district", 3, "B", "--set", "population.families=40")
        n += one_scenario(directory, "england", 1, "Hb", "--set", "population.families=400", "--arms", "baseline,earlier_help")
    print(f"{n} cells read and written{'' if h5py else '; no h5py to compare them with'}")


if __name__ == "__main__":
    main()
