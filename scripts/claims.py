#!/usr/bin/env python3
"""Runs the scenarios of what people in the field claim, and prints what each shows as a table.

    python3 scripts/claims.py [--kith build/kith] [--out build/claims] [--replications 4] [--areas CODE,CODE...] [NAME ...]

One table in Markdown for each scenario: an arm by itself, or what it changes against another arm, 1, 3 and 10 years after the
policies begin, with 95% intervals over replications (Student's t). Files that are there already are not run again. --areas ''
runs all authorities at full size: some hours.
"""
import argparse
import json
import os
import subprocess

# scenario: (measure, base arm or None, arm)
TABLE = {
    "firefighting": [
        ("resource.early_help.capacity", None, "firefighting"), ("resource.early_help.capacity", None, "ring_fenced"),
        ("budget.childrens_services.balance", None, "ring_fenced"),
        ("need_complex_acute", "ring_fenced", "firefighting"), ("care_stock", "ring_fenced", "firefighting")],
    "sausage-machine": [
        ("resource.social_work.utilisation", None, "shock"), ("cin_stock", "shock_without", "shock"),
        ("cin_stock", "shock_without", "shock_slow"), ("plan_stock", "shock_without", "shock"),
        ("cin_stock", "baseline", "shock")],
    "front-door": [
        ("open_at_home", "baseline", "front_door"), ("open_at_home", "baseline", "relabelled"),
        ("need_complex_acute", "baseline", "front_door"), ("need_complex_acute", "baseline", "relabelled"),
        ("unmet_need", "baseline", "front_door"), ("unmet_need", "baseline", "relabelled")],
    "double-running": [
        ("resource.early_help.capacity", "baseline", "double_running"),
        ("budget.childrens_services.balance", "baseline", "double_running"),
        ("budget.childrens_services.statutory", "baseline", "double_running"),
        ("need_complex_acute", "baseline", "double_running"), ("care_stock", "baseline", "double_running")],
    "ring-fence": [
        ("resource.early_help.capacity", None, "statutory_first"), ("resource.early_help.capacity", None, "ring_fenced"),
        ("budget.childrens_services.balance", "statutory_first", "ring_fenced"),
        ("budget.childrens_services.statutory", "statutory_first", "ring_fenced"),
        ("care_stock", "statutory_first", "ring_fenced")],
    "demand-growth": [
        ("cin_stock", "baseline", "need_grows"), ("cin_stock", "baseline", "noticed_more"),
        ("care_stock", "baseline", "need_grows"), ("care_stock", "baseline", "deprived"),
        ("resource.early_help.mean_wait", None, "noticed_more")],
    "mst-bond": [
        ("contract.edge_bond.invested", None, "as_hoped"), ("contract.edge_bond.repaid", None, "as_hoped"),
        ("contract.edge_bond.repaid", None, "no_effect"), ("contract.edge_bond.repaid", None, "as_in_trial"),
        ("homes_11_17", "no_effect", "as_hoped"), ("care_starts_11_17", "no_effect", "as_hoped")],
    "nurse-visits": [
        ("in_need_0_7", "baseline", "visits"), ("in_need_0_7", "baseline", "everywhere"),
        ("in_need_0_7", "baseline", "visits_null"), ("care_starts_0_4_families", "baseline", "visits")],
    "shoehorn": [
        ("need_complex_acute", "baseline", "matched"), ("need_complex_acute", "baseline", "matched_dearer"),
        ("need_complex_acute", "baseline", "matched_null"), ("care_stock", "baseline", "matched")],
    "safe-exits": [
        ("care_stock", "baseline", "faster"), ("care_stock", "baseline", "supported"),
        ("care_stock", "baseline", "supported_null"), ("going_round", "baseline", "faster"),
        ("going_round", "baseline", "supported")],
    "youth-services": [
        ("contacts_police", "baseline", "cut"), ("contacts_police", "baseline", "cut_null"),
        ("care_starts_11_17", "baseline", "cut"), ("care_starts_11_17", "baseline", "doubled")],
    "partner-money": [
        ("resource.early_help.capacity", "baseline", "partner_money"),
        ("need_complex_acute", "baseline", "partner_money"), ("need_complex_acute", "baseline", "schools_notice"),
        ("cin_stock", "baseline", "partner_money"), ("cin_stock", "baseline", "schools_notice")],
    "one-in-two-preventable": [
        ("first_starts", "baseline", "realistic"), ("first_starts", "baseline", "ideal"),
        ("care_stock_families", "baseline", "realistic"), ("care_stock_families", "baseline", "ideal")],
}
YEARS = [2, 4, 11]  # dates in counted years: policies begin after the first
AREAS = "E06000001,E06000004,E08000001"  # Hartlepool, Stockton-on-Tees, Bolton: whole, 133,000 children


def rows_of(command):
    done = subprocess.run(command + ["--json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["rows"]


def shown(x, unit):
    if x is None:
        return "-"
    x = x / 100 if unit.startswith("pence") else x
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}" if abs(x) > 1e-9 else "0"


def cell(row, centre, level):
    unit = row["unit"]
    text = f"{shown(row[centre], unit)} ({shown(row['low'], unit)} to {shown(row['high'], unit)})"
    return text + (f" {100 * row[centre] / level:+.1f}%" if level else "")


def line(kith, out, measure, base, arm):
    by_time = {}
    if base is None:
        found = rows_of([kith, "summary", out, "--arm", arm, "--measure", measure])
        for r in found:
            by_time[r["time"]] = cell(r, "mean", None)
    else:
        level = {r["time"]: r["mean"] for r in rows_of([kith, "summary", out, "--arm", base, "--measure", measure])}
        found = rows_of([kith, "compare", out, "--base", base, "--arm", arm, "--measure", measure])
        for r in found:
            known = measure.split(".")[0] not in ("budget", "contract")  # a balance is no base for a percentage
            by_time[r["time"]] = cell(r, "difference", level.get(r["time"]) if known else None)
    what = f"{arm}" if base is None else f"{arm} - {base}"
    unit = found[0]["unit"].replace("pence", "GBP")
    return f"| `{measure}`{', ' + unit if unit else ''} | {what} | " + " | ".join(by_time.get(y, "-") for y in YEARS) + " |"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", default=[])
    p.add_argument("--kith", default="build/kith")
    p.add_argument("--out", default="build/claims")
    p.add_argument("--replications", type=int, default=4)
    p.add_argument("--areas", default=AREAS)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.names or TABLE:
        out = os.path.join(a.out, name + ".h5")
        if not os.path.exists(out):
            command = [a.kith, "run", f"scenarios/{name}.yaml", "-o", out, "--replications", str(a.replications)]
            if a.areas and name != "nurse-visits":  # that one names its own
                command += ["--set", f"population.areas.only=[{a.areas}]"]
            subprocess.run(command, check=True)
        print(f"\n**{name}**\n\n| measure | arm | 1 year | 3 years | 10 years |\n|---|---|---|---|---|")
        for measure, base, arm in TABLE[name]:
            print(line(a.kith, out, measure, base, arm), flush=True)


if __name__ == "__main__":
    main()
