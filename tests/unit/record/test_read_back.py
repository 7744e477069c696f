#!/usr/bin/env python3
"""Reads an output file of kith the way a researcher would: with h5py, netCDF4 and xarray.

    test_read_back.py FILE.h5

Checks that every dataset is visible with its axes, units and names in each of them, that codes have their
names, and that the numbers agree with each other: stocks change by the flows, outcomes are the sums of the
cells, and events are those of the flows. Works for any output file; ends with status 1 and a message if
something is wrong.
"""

import sys

import h5py
import netCDF4
import numpy as np
import xarray as xr

try:
    import h5netcdf  # noqa: F401
except ImportError:
    h5netcdf = None

SERIES = {
    "stock": ("replication", "arm", "area", "month", "state"),
    "flow": ("replication", "arm", "area", "interval", "transition"),
    "count": ("replication", "arm", "area", "month", "count_kind"),
    "cost": ("replication", "arm", "area", "interval", "cost_kind"),
    "amount": ("replication", "arm", "area", "interval", "amount_kind"),
}
OUTCOMES = {
    "yearly": ("replication", "arm", "time", "measure"),
    "total": ("replication", "arm", "measure"),
}


def check(condition, text):
    if not condition:
        sys.exit(f"{sys.argv[1]}: {text}")


def texts(dataset):
    return list(dataset.asstr()[:])


def datasets(group):
    """Paths of all datasets, hard links of the root to /axes left out."""
    found = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found.append("/" + name)

    for name, item in group.items():
        if isinstance(item, h5py.Group):
            item.visititems(lambda below, it, name=name: visit(f"{name}/{below}", it))
    return sorted(found)


def check_described(f, paths):
    for path in paths:
        d = f[path]
        for name in ("units", "long_name"):
            value = d.attrs.get(name)
            check(isinstance(value, str) and value, f"{path} has no {name}")
        check(d.dtype != np.uint64, f"{path} is uint64, which R cannot hold")


def check_scales(f, path, axes):
    d = f[path]
    check(d.ndim == len(axes), f"{path} has {d.ndim} axes")
    for i, axis in enumerate(axes):
        check(len(d.dims[i]) == 1, f"{path}: axis {i} has no scale")
        check(d.dims[i][0] == f["axes/" + axis], f"{path}: axis {i} is not {axis}")
        check(d.shape[i] == f["axes/" + axis].shape[0], f"{path}: length of axis {axis}")


def check_h5py(f):
    check(f.attrs["kith_schema"] == 1, "kith_schema is not 1")
    paths = datasets(f)
    check_described(f, paths)
    for group, table in (("series", SERIES), ("outcomes", OUTCOMES)):
        for name, axes in table.items():
            if name in f[group]:
                check_scales(f, f"{group}/{name}", axes)
                check(f[group][name].compression == "gzip", f"{group}/{name} is not gzip")
                check(f[group][name].shuffle, f"{group}/{name} is not shuffled")
    check_scales(f, "cells/done", ("replication", "arm", "area"))
    check("stock" in f["series"] and "flow" in f["series"], "no stocks or flows")
    check(int(f["provenance/seed"].asstr()[()], 16) >= 0, "the seed is no hexadecimal number")
    check(len(f["provenance/scenario"].asstr()[()]) > 0, "no text of the scenario")
    return paths


def check_stocks(f):
    """stock[m + 1] = stock[m] + entries - exits, for every state that time is spent in."""
    chart_from = f["model/transition/from"][:]
    chart_to = f["model/transition/to"][:]
    instant = f["model/state/instant"][:]
    move = np.zeros((len(chart_from), len(instant)), dtype=np.int64)
    for k, (a, b) in enumerate(zip(chart_from, chart_to)):
        if a >= 0:
            move[k, a] -= 1
        if b >= 0:
            move[k, b] += 1
    done = f["cells/done"][:]
    for at in zip(*np.nonzero(done)):
        stock = f["series/stock"][at].astype(np.int64)
        change = f["series/flow"][at].astype(np.int64) @ move
        check((stock >= 0).all(), f"negative stock in cell {at}")
        check((stock[:, instant == 1] == 0).all(), f"somebody stays in an instant state in cell {at}")
        wrong = np.diff(stock, axis=0) != change
        check(not wrong[:, instant == 0].any(), f"stocks do not change by the flows in cell {at}")


def check_outcomes(f):
    """Yearly stocks and totals of flows and costs, summed over areas and weighted, as measures."""
    weight = f.attrs["weight"]
    measures = texts(f["axes/measure"]) if "measure" in f["axes"] else []
    states = texts(f["axes/state"])
    transitions = texts(f["axes/transition"])
    costs = texts(f["axes/cost_kind"]) if "cost_kind" in f["axes"] else []
    compared = 0
    for rep, arm in zip(*np.nonzero(f["cells/done"][:].all(axis=2))):
        stock = f["series/stock"][rep, arm, :, ::12].sum(axis=0)
        flow = f["series/flow"][rep, arm].sum(axis=(0, 1))
        cost = f["series/cost"][rep, arm].sum(axis=(0, 1)) if costs else None
        yearly = f["outcomes/yearly"][rep, arm] if measures else None
        total = f["outcomes/total"][rep, arm] if measures else None
        for i, name in enumerate(measures):
            kind, _, rest = name.partition(".")
            if kind == "stock" and rest in states:
                want, got = weight * stock[: len(yearly), states.index(rest)], yearly[:, i]
            elif kind == "flow" and rest in transitions:
                want, got = weight * flow[transitions.index(rest)], total[i]
            elif kind == "cost" and rest in costs:
                want, got = weight * cost[costs.index(rest)], total[i]
            else:
                continue
            compared += 1
            check(np.allclose(got, want, rtol=1e-9, atol=1e-9), f"{name} is not the sum of its cells")
    check(compared > 0 or not measures, "no measure could be checked")


def check_amounts(f):
    """Whole numbers with a unit each; measures of nothing else are their totals."""
    kinds = texts(f["axes/amount_kind"]) if "amount_kind" in f["axes"] else []
    for group in ("series", "model"):
        check(("amount" in f[group]) == bool(kinds), f"amounts are there only in part: /{group}")
    if not kinds:
        return
    check(texts(f["model/amount/name"]) == kinds, "/model/amount/name is not the axis")
    check(texts(f["model/amount/unit"]) == texts(f["axes/amount_unit"]), "units of amounts")
    check(f["series/amount"].attrs["units"] == "see /axes/amount_unit", "units of /series/amount")
    whole = f["series/amount"][:]
    check((whole == np.rint(whole)).all(), "amounts are not whole numbers")
    base, index, factor = (f["model/term"][name][:] for name in ("base", "index", "weight"))
    n_over, n_below = f["model/measure/n_over"][:], f["model/measure/n_below"][:]
    first = np.cumsum(n_over + n_below) - n_over - n_below
    for rep, arm in zip(*np.nonzero(f["cells/done"][:].all(axis=2))):
        amount = f.attrs["weight"] * whole[rep, arm].sum(axis=(0, 1))
        for i in np.nonzero(n_below == 0)[0]:
            terms = slice(first[i], first[i] + n_over[i])
            if (base[terms] == 4).all():
                want = f["model/measure/scale"][i] * (factor[terms] * amount[index[terms]]).sum()
                check(np.isclose(f["outcomes/total"][rep, arm, i], want, rtol=1e-9, atol=1e-9),
                      f"{f['axes/measure'].asstr()[i]} is not the sum of its amounts")


def check_trajectories(f):
    if "trajectories" not in f:
        return
    t = f["trajectories"]
    cells = t["cell/family_offset"][:]
    first = t["family/event_offset"][:]
    members = t["family/member_offset"][:]
    n = len(t["family/id"])
    check(len(cells) == f["cells/done"].size + 1, "cell/family_offset has a wrong length")
    check(cells[0] == 0 and cells[-1] == n and (np.diff(cells) >= 0).all(), "cell/family_offset")
    check(len(first) == n + 1 and first[0] == 0 and (np.diff(first) >= 0).all(), "family/event_offset")
    check(first[-1] == len(t["event/day"]) == len(t["event/code"]) == len(t["event/member"]), "event rows")
    check(members[-1] == len(t["member/birth_day"]), "member rows")
    day = t["event/day"][:].astype(np.int64)
    back = np.nonzero(np.diff(day) < 0)[0] + 1
    check(np.isin(back, first).all(), "days go back within a family")
    names = h5py.check_enum_dtype(t["event/code"].dtype)
    code = t["event/code"]
    meanings = code.attrs["flag_meanings"].split() if "flag_meanings" in code.attrs else None
    transitions = texts(f["axes/transition"])
    check(names is not None or len(transitions) > 1000, "event/code is no enum")
    if names:
        check(f["types/transition"].dtype == code.dtype, "the enum of event/code is not /types/transition")
        check(all(v < len(transitions) for v in names.values()), "enum values")
        check([k for k, v in sorted(names.items(), key=lambda e: e[1])] == transitions or
              len(set(transitions)) < len(transitions), "enum names are not those of the axis")
    if meanings:
        check(meanings == transitions, "flag_meanings are not those of the axis")
        check(list(code.attrs["flag_values"]) == list(range(len(transitions))), "flag_values")
    if f.attrs["trajectories"] == 1:
        check_events_are_flows(f, code[:], f["model/transition/from"][:])


def check_events_are_flows(f, code, left):
    """With all families tracked. Entries are not compared: those who are there at the start have one too."""
    flow = f["series/flow"][:].sum(axis=(0, 1, 2, 3))
    seen = np.bincount(code, minlength=len(flow))
    check((seen[left >= 0] == flow[left >= 0]).all(), "events are not as many as transitions in the series")


def check_netcdf(path, paths):
    with netCDF4.Dataset(path) as f:
        def variables(group, prefix=""):
            for name, v in group.variables.items():
                yield f"{prefix}/{name}", v
            for name, below in group.groups.items():
                yield from variables(below, f"{prefix}/{name}")

        seen = dict(variables(f))
        bare = {p for p in paths if p.startswith("/trajectories/") and p.count("/") == 2}
        missing = [p for p in paths if p not in seen and p not in bare]
        check(not missing, f"netCDF4 does not see {missing}")
        for name, axes in SERIES.items():
            if name in f["series"].variables:
                check(f["series"][name].dimensions == axes, f"netCDF4: axes of /series/{name}")
        check(f["series"].variables["stock"].getncattr("units") == "1", "netCDF4: units")
        if "trajectories" in f.groups:
            check(f["trajectories/event/day"].dimensions == ("event_row",), "netCDF4: axis of events")


def check_xarray(path, engine, f):
    axes = xr.open_dataset(path, group="axes", engine=engine)
    series = xr.open_dataset(path, group="series", engine=engine).assign_coords(axes.coords)
    for name, dims in SERIES.items():
        if name in f["series"]:
            check(series[name].dims == dims, f"xarray ({engine}): axes of {name}")
    state = texts(f["axes/state"])[-1]
    got = series["stock"].sel(state=state).sum("area").values
    want = f["series/stock"][:].sum(axis=2)[..., -1]
    check((got == want).all(), f"xarray ({engine}): stocks of {state}")
    check(series["stock"].attrs["units"] == "1", f"xarray ({engine}): units")
    if "yearly" in f["outcomes"]:
        outcomes = xr.open_dataset(path, group="outcomes", engine=engine).assign_coords(axes.coords)
        check(np.array_equal(outcomes["yearly"].values, f["outcomes/yearly"][:], equal_nan=True),
              f"xarray ({engine}): outcomes")
        check(list(outcomes["measure"].values) == texts(f["axes/measure"]), f"xarray ({engine}): measures")
    root = xr.open_dataset(path, engine=engine)
    check("arm" in root.coords, f"xarray ({engine}): no coordinates at the root")
    if "trajectories" in f:
        events = xr.open_dataset(path, group="trajectories/event", engine=engine)
        check((events["code"].values == f["trajectories/event/code"][:]).all(), f"xarray ({engine}): codes")
        check(events["day"].dtype.kind in "uif", f"xarray ({engine}): days were turned into something else")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = sys.argv[1]
    with h5py.File(path, "r") as f:
        paths = check_h5py(f)
        check_stocks(f)
        check_outcomes(f)
        check_amounts(f)
        check_trajectories(f)
        check_netcdf(path, paths)
        engines = ["netcdf4"] + (["h5netcdf"] if h5netcdf else [])
        for engine in engines:
            check_xarray(path, engine, f)
    print(f"{path}: {len(paths)} datasets read back with h5py, netCDF4 and xarray ({', '.join(engines)})")


if __name__ == "__main__":
    main()
