#!/usr/bin/env python3
"""Fits the levels of scenarios/england.yaml to its targets, and the level columns of scenarios/england/areas.csv.

    python3 scripts/fit_england.py levels [--kith build/kith] [--families 691000] [--sweeps 6]
    python3 scripts/fit_england.py areas  [--kith build/kith] [--families 6910000] [--sweeps 3]
    python3 scripts/fit_england.py limits [--kith build/kith] [--families 6910000] [--years 5]

levels: each fit_* parameter is multiplied by (target / simulated) to a power, with the same seed in each sweep, and
written back into the scenario. What is fitted by an ending has a negative power. This is a search for a parameter set
that meets the targets; it says nothing about how well the targets determine it (many do not).
areas: contact_level, plan_level and care_level of each authority by (published / simulated) to the power 0.8
(shrinkage: part of the difference is chance), less in later sweeps, each with a new seed; within 0.2 to 5, then divided
by their mean over children, so that national totals stay.
limits: cases and help_places of each authority, the limits of pressure.yaml: what england.yaml uses without limits. Needs h5py, numpy and PyYAML.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import yaml

sys.path.insert(0, os.path.dirname(__file__))
import make_england_tables as tables  # noqa: E402

HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios")
SCENARIO, AREAS = os.path.join(HOME, "england.yaml"), os.path.join(HOME, "england", "areas.csv")

# parameter: (measure, power)
LEVELS = {
    "fit_contacts": ("contacts", 1), "fit_referral": ("referrals", 1.2), "fit_help": ("early_help_started", 1),
    "fit_history": ("re_referrals_12_months_share", 2), "fit_no_action": ("no_further_action_share", 1),
    "fit_not_in_need": ("cin_starts", -1.2), "fit_section_47": ("section_47", 1),
    "fit_reassessment": ("re_assessments", 1), "fit_conference": ("plan_starts", 1),
    "fit_repeat_plan": ("repeat_plan_share", 1), "fit_plan_end": ("plan_stock", -1), "fit_enduring": ("cin_stock", 1.5),
    "fit_birth_removal": ("care_stock_0", 0.8), "fit_entry_0": ("care_starts_0", 1.5),
    "fit_entry_1": ("care_starts_1_4", 1.2), "fit_entry_5": ("care_starts_5_9", 1.2),
    "fit_entry_10": ("care_starts_10_15", 1), "fit_entry_16": ("care_starts_16_17", 1.5),
    "fit_proceedings": ("care_orders", 1), "fit_home": ("care_stock", -1.5),
    "fit_guardianship": ("care_ends_guardianship", 1), "fit_adoption": ("care_ends_adoption", 1),
    "fit_other_end": ("care_ends_other", 1)}
# targets of the fit alone: shares of published figures that the census does not show
HELPERS = {"early_help_started": 166000, "re_assessments": 60000, "care_orders": 7650, "care_ends_other": 2970}


def run(kith, families, values, years, seed=1):
    out = os.path.join(tempfile.mkdtemp(), "fit.h5")
    command = [kith, "run", SCENARIO, "-o", out, "--quiet", "--arms", "baseline", "--replications", "1",
               "--seed", str(seed), "--set", f"population.families={families}",
               "--set", f"time.counted={years} years"]
    for name, value in values.items():
        command += ["--set", f"parameters.{name}.value={value}"]
    subprocess.run(command, check=True)
    return out


def first_year(out):
    with h5py.File(out) as f:
        names = [n.decode() for n in f["axes/measure"][:]]
        return dict(zip(names, f["outcomes/yearly"][:, 0, 1, :].mean(axis=0)))


def fit_levels(a):
    text = open(SCENARIO, encoding="utf-8").read()
    scenario = yaml.safe_load(text)
    targets = {t["measure"]: t["value"] for t in scenario["targets"]} | HELPERS
    values = {k: str(scenario["parameters"][k]["value"]) for k in LEVELS}
    for sweep in range(a.sweeps):
        seen = first_year(run(a.kith, a.families, values, 2))
        print(f"sweep {sweep + 1}")
        for name, (measure, power) in LEVELS.items():
            number, *unit = values[name].split()
            ratio = seen[measure] / targets[measure]
            value = min(max(float(number) * ratio ** (-0.8 * power), 0.02), 20)
            print(f"  {measure:30} {seen[measure]:12.1f} {ratio:6.3f}   {name} {number} -> {value:.4g}")
            values[name] = " ".join([f"{value:.4g}"] + unit)
    for name, value in values.items():
        text = re.sub(rf"(\n  {name}: \{{value: )[^,]+", rf"\g<1>{value}", text)
    with open(SCENARIO, "w", encoding="utf-8") as f:
        f.write(text)


def by_area(out, measure):
    """A measure of flows (a year's mean) or stocks (mean over months) by area, scaled to real numbers."""
    with h5py.File(out) as f:
        names = [n.decode() for n in f["axes/measure"][:]]
        m, model = names.index(measure), f["model/measure"]
        first = int(np.sum(model["n_over"][:m]) + np.sum(model["n_below"][:m]))
        stop = first + int(model["n_over"][m])
        base, index = f["model/term/base"][first:stop], f["model/term/index"][first:stop]
        stock, flow = f["series/stock"], f["series/flow"]
        years = flow.shape[3] / 12
        total = np.zeros(stock.shape[2])
        for b, i in zip(base, index):
            if b == 0:
                total += stock[:, 0, :, :, i].mean(axis=(0, 2))
            else:
                total += flow[:, 0, :, :, i].sum(axis=2).mean(axis=0) / years
    return total


# what the cases of social workers are in pressure.yaml, and how much each counts
CASES = {"assessment": 1, "cin": 1, "cin_step_down": 1, "cin_enduring": 1, "disability_assessment": 1,
         "cin_disability": 0.5, "plan": 1, "looked_after": 1, "placed_for_adoption": 1, "home_after_care": 1}


def fit_limits(a):
    rows = tables.read(AREAS)
    out = run(a.kith, a.families, {}, a.years)
    scale = 6910000 / a.families
    cases = sum(w * by_area(out, f"stock.services.{s}") for s, w in CASES.items()) * scale
    places = 1.03 * by_area(out, "early_help_open") * scale
    for r, n, m in zip(rows, cases, places):
        r["cases"], r["help_places"] = f"{n:.1f}", f"{m:.1f}"
    print(f"cases {cases.sum():.0f}, places in early help {places.sum():.0f}")
    tables.write(AREAS, rows)


def fit_areas(a):
    for sweep in range(a.sweeps + 1):
        rows = tables.read(AREAS)
        out = run(a.kith, a.families, {}, a.years, sweep + 1)
        people = np.array([float(r["child_population"]) for r in rows])
        scale = 6910000 / a.families / people * 1e4
        seen = {"referrals": by_area(out, "referrals") * scale, "plans": by_area(out, "plan_stock") * scale,
                "care": by_area(out, "care_stock") * scale}
        print(f"sweep {sweep + 1}")
        ratio = {}
        for name, x in seen.items():
            y = np.array([float(r[name] or "nan") for r in rows])
            ok = np.isfinite(y) & (y > 0) & (x > 0) & (people > 5000)
            print(f"  {name:10} correlation over {ok.sum()} areas {np.corrcoef(x[ok], y[ok])[0, 1]:.3f}   "
                  f"sd published {y[ok].std():.1f} simulated {x[ok].std():.1f}")
            mean_x, mean_y = np.average(x[ok], weights=people[ok]), np.average(y[ok], weights=people[ok])
            ratio[name] = np.where(ok, (y / mean_y) / np.where(ok, x / mean_x, 1), 1)
        if sweep == a.sweeps:
            break
        for level, name in zip(tables.LEVELS, ("referrals", "plans", "care")):
            old = np.array([float(r[level]) for r in rows])
            step = ratio[name] if name == "referrals" else ratio[name] / np.sqrt(ratio["referrals"])
            new = np.clip(old * step ** (a.power * max(0.5, 1 - 0.2 * sweep)), 0.2, 5)
            new /= np.average(new, weights=people)
            for r, x in zip(rows, new):
                r[level] = f"{x:.4f}"
        tables.write(AREAS, rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["levels", "areas", "limits"])
    p.add_argument("--kith", default="build/kith")
    p.add_argument("--families", type=int, default=0)
    p.add_argument("--sweeps", type=int, default=4)
    p.add_argument("--years", type=int, default=2, help="counted years for the areas")
    p.add_argument("--power", type=float, default=0.8)
    a = p.parse_args()
    a.families = a.families or (691000 if a.what == "levels" else 6910000)
    {"levels": fit_levels, "areas": fit_areas, "limits": fit_limits}[a.what](a)


if __name__ == "__main__":
    main()
