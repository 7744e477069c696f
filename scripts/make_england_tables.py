#!/usr/bin/env python3
"""Makes the tables of scenarios/england from published figures.

    python3 scripts/make_england_tables.py FOLDER

FOLDER holds
areas.csv    the main published measures by local authority, year ending 31 March 2023, collected from releases of the
             Department for Education (Characteristics of children in need; Children looked after), the mid-year
             population estimates (ONS) and the Indices of Deprivation (MHCLG); Open Government Licence v3.0
effects.csv  what evaluations of programmes found, with their sources

england/areas.csv has one row for each of the 152 local authorities. `tilt` is computed here: it makes the mean
deprivation decile of an area's families follow its average IMD score. The columns *_level, cases and help_places come
from scripts/fit_england.py; those that the file already holds are kept (1 if new). england/evidence.csv holds the
evaluations that the scenario leans on.
"""
import csv
import math
import os
import sys

HEAD = """\
# England's 152 local authorities, year ending 31 March 2023. Made by scripts/make_england_tables.py; levels fitted by
# scripts/fit_england.py. Contains public sector information licensed under the Open Government Licence v3.0.
# name, referrals, cin, plans, care, care_starts (per 10,000 children; empty: not published): Department for Education,
#   Characteristics of children in need 2022 to 2023; Children looked after in England 2022 to 2023
# child_population: ONS mid-year estimates, aged 0 to 17, as used for those rates
# unaccompanied: unaccompanied children looked after on 31 March 2023 (DfE); not published (suppressed or none): {small}
# imd: average score, English Indices of Deprivation 2025 (MHCLG)
# tilt: weights exp(tilt x (decile - 5.5)) give the mean decile 5.5 + {slope} z, z the standardised imd, kept within
#   {low} to {high} (assumed: published within-area distributions are not used)
# cases, help_places: what pressure.yaml takes as the limits of 2022-23: children whose cases social workers hold, and families
#   in early help, both in england.yaml without limits (help_places: and 3%). From scripts/fit_england.py; neither is published
#   by authority in a comparable form (in England 21,100 social workers held 16.0 cases each: DfE, workforce 2023)
# contact_level, plan_level, care_level: contacts; conferences after an enquiry; entries to care, against the national
#   level given deprivation. Fitted to the rates above; they stand for all that makes areas differ
"""
COLUMNS = [("la_code", "la_code"), ("name", "name"), ("region", "region"),
           ("child_population", "child_population_0_17"), ("unaccompanied", "cla_uasc_31_march"),
           ("imd", "imd2025_average_score"),
           ("referrals", "referrals_rate_per_10k"), ("cin", "cin_31_march_rate_per_10k"),
           ("plans", "cpp_31_march_rate_per_10k"), ("care", "cla_31_march_rate_per_10k"),
           ("care_starts", "cla_starts_rate_per_10k")]
EVIDENCE_HEAD = """\
# What evaluations found, nulls included: effects are small, slow and local. Made by scripts/make_england_tables.py.
# verified: whether the figure was seen at the source
"""
EVIDENCE = ["E001", "E005", "E009", "E010", "E011", "E012", "E014", "E015", "E017", "E018", "E019", "E024", "E025",
            "E031", "E033"]
HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios", "england")
LEVELS = ["contact_level", "plan_level", "care_level"]
LIMITS = ["cases", "help_places"]
SLOPE, LOW, HIGH, SMALL = 1.8, 2.0, 9.0, 1


def tilt_for(mean):
    """The tilt that gives uniform weights on 1..10 this mean, by bisection."""
    low, high = -2.0, 2.0
    for _ in range(60):
        mid = (low + high) / 2
        weights = [math.exp(mid * (k - 5.5)) for k in range(1, 11)]
        if sum(k * w for k, w in zip(range(1, 11), weights)) / sum(weights) < mean:
            low = mid
        else:
            high = mid
    return low


def read(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def make_evidence(published, out):
    rows = [r for r in read(published) if r["id"] in EVIDENCE]
    with open(out, "w", encoding="utf-8", newline="") as f:
        f.write(EVIDENCE_HEAD)
        columns = ["programme", "target", "design", "outcome", "effect", "unit", "delay", "decay", "source", "verified"]
        table = csv.DictWriter(f, columns, lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make_evidence(os.path.join(sys.argv[1], "effects.csv"), os.path.join(HOME, "evidence.csv"))
    out = os.path.join(HOME, "areas.csv")
    published = read(os.path.join(sys.argv[1], "areas.csv"))
    old = {r["la_code"]: r for r in read(out)} if os.path.exists(out) else {}
    rows = [{new: r[name] for new, name in COLUMNS} for r in published]
    people = [float(r["child_population"]) for r in rows]
    imd = [float(r["imd"]) for r in rows]
    mean = sum(n * x for n, x in zip(people, imd)) / sum(people)
    sd = math.sqrt(sum(n * (x - mean) ** 2 for n, x in zip(people, imd)) / sum(people))
    for r, x in zip(rows, imd):
        r["unaccompanied"] = r["unaccompanied"] or SMALL
        r["tilt"] = f"{tilt_for(min(max(5.5 + SLOPE * (x - mean) / sd, LOW), HIGH)):.4f}"
        for level in LEVELS + LIMITS:
            r[level] = old.get(r["la_code"], {}).get(level) or "1"
    write(out, rows)


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(HEAD.format(small=SMALL, slope=SLOPE, low=LOW, high=HIGH))
        table = csv.DictWriter(f, [c for c, _ in COLUMNS] + ["tilt"] + LEVELS + LIMITS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
