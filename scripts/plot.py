#!/usr/bin/env python3
"""Draws the results in an output file of kith.

usage: scripts/plot.py FILE.h5 [-o DIR]

Writes into DIR (FILE-plots if not given), as far as the file has what they show:

  stocks.png       how many families or children are in each state, by month and arm
  flows.png        how many move from state to state of the main chart in a year
  differences.png  what each arm changes against the first one, replication by replication, by year
  targets.png      simulated beside published figures

and the numbers of each picture as a .csv of the same name. Needs h5py, pandas and matplotlib. All intervals are 95%
intervals of the mean over replications (Student's t); a file with one replication has none. Only replications in which
all areas are done count.
"""
import argparse
import pathlib
import re
import sys
import textwrap

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

# Okabe and Ito's palette, which people with any colour vision tell apart; each arm has a line style too.
COLOURS = ["#333333", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D1F"]
STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 2, 1, 2))]
MARKERS = ["o", "s", "D", "^", "v", "P", "X", "*"]
MOST_PANELS = 12
MOST_MOVES = 48
MOST_ARMS = len(COLOURS)
GREY = "#666666"
STOCK, FLOW, COUNT, COST = range(4)  # /model/term/base
MONTHS = "January February March April May June July August September October November December".split()
DERIVED = ("stock.", "flow.", "cost.")  # measures that are there without being asked for

plt.rcParams.update({
    "font.size": 10, "axes.titlesize": 10.5, "axes.labelsize": 9.5, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.7,
    "legend.frameon": False, "savefig.dpi": 130,
})


# ---- reading

def texts(dataset):
    return [x.decode() if isinstance(x, bytes) else str(x) for x in dataset[...]]


def table(file, path):
    """The 1-D datasets of a group as a data frame; empty if it has none."""
    if path not in file:
        return pd.DataFrame()
    columns = {}
    for name, item in file[path].items():
        if isinstance(item, h5py.Dataset) and item.ndim == 1:
            columns[name] = texts(item) if h5py.check_string_dtype(item.dtype) else item[...]
    return pd.DataFrame(columns)


class Results:
    """What the pictures need of a file."""

    def __init__(self, path):
        self.file = h5py.File(path, "r")
        root = self.file.attrs
        if "kith_schema" not in root:
            raise SystemExit(f"plot.py: {path}: not an output file of kith")
        self.title = str(root["title"])
        self.weight = float(root["weight"])
        self.warm_up = float(root["warm_up"])
        start = float(root["start_date"])
        # Dates are calendar years where the scenario has a calendar, else years of the counted period.
        self.calendar = np.isfinite(start)
        self.first_date = start + self.warm_up if self.calendar else 0.0
        self.arms = texts(self.file["axes/arm"])
        self.months = int(root["months"])
        self.done = self.file["cells/done"][...].astype(bool).all(axis=2)  # [replication][arm]
        self.charts = table(self.file, "model/chart")
        self.states = table(self.file, "model/state")
        self.transitions = table(self.file, "model/transition")
        self.measures = table(self.file, "model/measure")
        self.terms = self.read_terms()
        self.targets = table(self.file, "targets")
        changes = table(self.file, "parameters/arm")
        times = [] if changes.empty else sorted(set(changes["time"] - self.warm_up))
        self.policy_dates = [self.first_date + t for t in times if 0 < t < self.months / 12]

    def read_terms(self):
        """For each measure, the rows of /model/term above and below its line."""
        rows, terms, at = table(self.file, "model/term"), [], 0
        for over, below in zip(self.measures.get("n_over", []), self.measures.get("n_below", [])):
            middle, end = at + int(over), at + int(over) + int(below)
            terms.append((rows.iloc[at:middle], rows.iloc[middle:end]))
            at = end
        return terms

    def is_own(self, m):
        """Whether the scenario defines the measure."""
        return not self.measures["name"][m].startswith(DERIVED)

    def is_part(self, m):
        """Whether it counts with a condition: usually a part of another measure, such as an age group."""
        return any((terms["base"] == COUNT).any() for terms in self.terms[m])

    def date_text(self, year):
        """A date at the start of a month, as its year and month."""
        if not self.calendar:
            return f"year {year:g}"
        month = int(round(12 * year))
        return f"{MONTHS[month % 12]} {month // 12}"

    def date_label(self):
        return "calendar year" if self.calendar else "years from the start of counting"

    def series(self, name, arm):
        """[replication][month][column] summed over areas, for the real population; complete replications only."""
        path = f"series/{name}"
        if path not in self.file:
            return None
        data = [self.file[path][r, arm].sum(axis=0, dtype=float) for r in np.flatnonzero(self.done[:, arm])]
        return self.weight * np.array(data) if data else None

    def yearly(self, arm, replications):
        """[replication][date][measure]"""
        return np.array([self.file["outcomes/yearly"][r, arm] for r in replications])

    def measure(self, name):
        found = np.flatnonzero(self.measures["name"] == name) if not self.measures.empty else []
        return int(found[0]) if len(found) else None

    def unit_of_state(self, state):
        row = self.states.iloc[state]
        chart = self.charts.iloc[int(row["chart"])]
        measure = self.measure(f"stock.{chart['name']}.{row['name']}")
        if measure is not None and self.measures["unit"][measure]:
            return self.measures["unit"][measure]
        return "children" if chart["of_child"] else "families"

    def main_chart(self):
        """The chart with most states, the first of them."""
        return int(np.argmax(self.charts["n"].to_numpy())) if len(self.charts) else None


# ---- numbers

def student(df):
    """0.975 quantile of Student's t."""
    exact = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764}
    if df in exact:
        return exact[df]
    z = 1.959964  # Cornish-Fisher expansion; right to 1e-3 from 5 degrees of freedom on
    return (z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3))


def interval(values):
    """Mean, lower and upper end over the first axis; the ends are NaN for a single replication."""
    n = len(values)
    mean = values.mean(axis=0)
    if n < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    half = student(n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


def number(x):
    """About three digits, with commas between thousands."""
    if not np.isfinite(x):
        return "-"
    size = abs(x)
    decimals = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{x:,.{decimals}f}"


def spaced(name):
    """A name of the scenario as words: care_starts_10_15 is "care starts 10-15"."""
    return re.sub(r"(?<=\d)_(?=\d)", "-", name).replace("_", " ")


def readable(measure):
    """The name of a measure for a title."""
    part = measure.split(".")
    if part[0] == "stock" and len(part) == 3:
        measure = f"{part[1]}: {part[2]}"
    elif part[0] == "flow" and len(part) == 4:
        measure = f"{part[1]}: {part[2]} to {part[3]}"
    elif part[0] == "cost" and len(part) == 2:
        measure = f"cost: {part[1]}"
    return "\n".join(textwrap.wrap(spaced(measure), 44))


def money(unit, *values):
    """Pence as pounds, in thousands, millions or billions."""
    if not unit.startswith("pence"):
        return unit, values
    largest = max((np.nanmax(np.abs(v)) for v in values if np.isfinite(v).any()), default=0) / 100
    name, factor = next(((n, f) for n, f in (("bn", 1e9), ("m", 1e6), ("k", 1e3)) if largest >= f), ("", 1))
    return f"GBP{' ' + name if name else ''}{unit[len('pence'):]}", tuple(v / 100 / factor for v in values)


# ---- drawing

def grid(n, figure_title, note, legend, per_row=3):
    """A figure with n panels below a title, a line of explanation and the legend."""
    columns = min(n, per_row)
    rows = -(-n // columns)
    width = max(4.3 * columns, 8.6)
    legend_rows = -(-sum(len(text) + 9 for _, text in legend) // int(width * 11)) if legend else 0
    head = 0.85 + 0.24 * legend_rows
    height = 2.9 * rows + head
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False)
    figure.text(0.012, 1 - 0.12 / height, figure_title, va="top", fontsize=13,
                fontweight="bold")
    figure.text(0.012, 1 - 0.45 / height, note, ha="left", va="top", fontsize=9.5, color=GREY)
    if legend:
        figure.legend([h for h, _ in legend], [t for _, t in legend], loc="upper left", fontsize=9.5,
                      bbox_to_anchor=(0.005, 1 - 0.62 / height), ncol=-(-len(legend) // legend_rows),
                      handlelength=3)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:n]), head


def finish(figure, head, path, numbers):
    """Fits everything below the `head` inches of the title, saves the picture and its numbers."""
    figure.tight_layout(pad=0.5, h_pad=1.4, w_pad=1.4, rect=(0.005, 0.005, 0.995, 1 - head / figure.get_figheight()))
    figure.savefig(path)
    plt.close(figure)
    numbers.to_csv(path.with_suffix(".csv"), index=False)
    print(path)


def date_axis(axis, results):
    axis.set_xlabel(results.date_label())
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=2))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    for date in results.policy_dates[:3]:
        axis.axvline(date, color=GREY, linewidth=1, linestyle=(0, (1, 2)))


def value_axis(axis):
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g}"))


def arm_handles(results, arms):
    handles = [(Line2D([], [], color=COLOURS[a], linestyle=STYLES[a], linewidth=1.9), results.arms[a]) for a in arms]
    if results.policy_dates:
        handles.append((Line2D([], [], color=GREY, linestyle=(0, (1, 2)), linewidth=1), "a policy begins"))
    return handles


def how_many(results, arms):
    counts = sorted({int(results.done[:, a].sum()) for a in arms})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    if counts[-1] < 2:
        return "one replication, so no intervals"
    return f"mean of {n} replications; bands: 95% intervals"


def shown_arms(results):
    arms = [a for a in range(len(results.arms)) if results.done[:, a].any()]
    if len(arms) > MOST_ARMS:
        print(f"plot.py: drawing the first {MOST_ARMS} of {len(arms)} arms", file=sys.stderr)
    return arms[:MOST_ARMS]


class Panel:
    """A stock that is drawn: states with weights."""

    def __init__(self, title, unit, states, weights):
        self.title, self.unit, self.states, self.weights = title, unit, states, weights

    def of(self, stock):
        return stock[:, :, self.states] @ self.weights


def stock_panels(results, stocks):
    """The stocks that the scenario defines and that months are known of; if there are fewer than three, the states of
    the main chart, then of others, that move most between arms or over time. Also says how many there were."""
    panels = []
    for m in range(len(results.measures)):
        over, below = results.terms[m]
        if results.is_own(m) and len(over) and not len(below) and (over["base"] == STOCK).all():
            row = results.measures.iloc[m]
            panels.append(Panel(readable(row["name"]), row["unit"], over["index"].to_numpy(),
                                over["weight"].to_numpy() * row["scale"]))
    panels = [p for p in panels if max(p.of(s).max() for s in stocks) > 0]
    if len(panels) >= 3:
        return panels[:MOST_PANELS], len(panels), "stocks that the scenario defines"
    mean = np.array([s.mean(axis=0) for s in stocks])  # [arm][month][state]
    spread = (mean.max(axis=(0, 1)) - mean.min(axis=(0, 1))) / np.maximum(mean.max(axis=(0, 1)), 1)
    instant = results.states["instant"].to_numpy().astype(bool)
    states = [s for s in range(len(results.states)) if not instant[s] and mean[:, :, s].max() > 0]
    main = results.main_chart()
    order = sorted(states, key=lambda s: (results.states["chart"][s] != main, -spread[s]))
    for s in sorted(order[:MOST_PANELS - len(panels)]):
        chart = results.charts["name"][results.states["chart"][s]]
        title = readable(f"stock.{chart}.{results.states['name'][s]}")
        panels.append(Panel(title, results.unit_of_state(s), [s], np.ones(1)))
    return panels, len(states), "states"


def draw_stocks(results, path):
    arms = shown_arms(results)
    stocks = [results.series("stock", a) for a in arms]
    if not arms or stocks[0] is None:
        return
    panels, n, what = stock_panels(results, stocks)
    if not panels:
        return
    dates = results.first_date + np.arange(results.months + 1) / 12
    note = "In each state at the start of each month; " + how_many(results, arms)
    note += f"; {len(panels)} of {n} {what}" if len(panels) < n else ""
    figure, axes, head = grid(len(panels), f"{results.title}: how many are where", note, arm_handles(results, arms))
    rows = []
    for axis, panel in zip(axes, panels):
        top = 0.0
        for a, stock in zip(arms, stocks):
            mean, low, high = interval(panel.of(stock))
            axis.fill_between(dates, low, high, color=COLOURS[a], alpha=0.4 / (len(arms) + 2), linewidth=0)
            axis.plot(dates, mean, color=COLOURS[a], linestyle=STYLES[a], linewidth=1.7)
            top = max(top, mean.max())
            rows.append(pd.DataFrame({"stock": panel.title.replace("\n", " "), "unit": panel.unit,
                                      "arm": results.arms[a], "date": dates, "mean": mean, "low": low, "high": high}))
        bottom, _ = axis.get_ylim()
        if bottom < 0.4 * top:
            axis.set_ylim(bottom=0)
        axis.margins(x=0.01)
        axis.set_title(panel.title, loc="left", fontweight="bold")
        axis.set_ylabel(panel.unit)
        value_axis(axis)
        date_axis(axis, results)
    finish(figure, head, path, pd.concat(rows))


def flow_lines(results, chart, flows):
    """The lines of the picture: (state that is left, None) for a heading, (state, transition) for a move; and how many
    moves there are in all. The rarest are left out if there are too many."""
    largest = np.max([f.mean(axis=0) for f in flows], axis=0)
    moves = [t for t in range(len(results.transitions))
             if results.transitions["chart"][t] == chart and largest[t] > 0]
    kept = set(sorted(moves, key=lambda t: -largest[t])[:MOST_MOVES])
    origin, to = results.transitions["from"], results.transitions["to"]
    lines, last = [], None
    for t in sorted(kept, key=lambda t: (origin[t], to[t] < 0, to[t])):
        if origin[t] != last:
            lines.append((origin[t], None))
            last = origin[t]
        lines.append((origin[t], t))
    return lines, len(moves)


def split_lines(lines, n):
    """Cuts lines into n columns of about the same length, at headings."""
    columns, target = [[]], len(lines) / n
    for i, line in enumerate(lines):
        if line[1] is None and len(columns) < n and i >= target * len(columns):
            columns.append([])
        columns[-1].append(line)
    return columns


def draw_flows(results, path):
    arms = shown_arms(results)
    chart = results.main_chart()
    years = results.months / 12
    flows = [results.series("flow", a) for a in arms]
    if not arms or chart is None or flows[0] is None:
        return
    flows = [f.sum(axis=1) / years for f in flows]  # [replication][transition] in a year
    intervals = [interval(f) for f in flows]
    lines, n_moves = flow_lines(results, chart, flows)
    moves = [t for _, t in lines if t is not None]
    if not moves:
        return
    values = np.array([mean[moves] for mean, _, _ in intervals])
    unit = results.unit_of_state(int(results.charts["first"][chart]))
    # From thousands of moves to a handful: only a logarithmic axis shows both.
    wide = values.max() > 100 * values[values > 0].min()
    left = 0.0 if not wide else 10 ** np.floor(np.log10(values[values > 0].min()))
    right = values.max() * 1.3 if not wide else values.max() * (values.max() / left) ** 0.42
    columns = split_lines(lines, 1 if len(lines) <= 32 else 2)
    head = 0.78 + (0.24 * -(-len(arms) // 6) if len(arms) > 1 else 0)
    height = max(0.265 * max(len(c) for c in columns) + head + 0.65, 2.5)
    figure, axes = plt.subplots(1, len(columns), figsize=(9.5 if len(columns) == 1 else 15, height), squeeze=False)
    rows = []
    for axis, column in zip(axes.flat, columns):
        draw_moves(axis, results, column, flows, intervals, arms, left, rows)
        axis.set_xscale("log" if wide else "linear")
        axis.set_xlim(left, right)
        axis.set_ylim(max(len(c) for c in columns) - 0.4, -0.6)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g}"))
        axis.set_xlabel(f"{unit} who move in a year" + (", logarithmic" if wide else ""))
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="y", visible=False)
    chart_name = spaced(results.charts["name"][chart])
    figure.text(0.012, 1 - 0.1 / height, f"{results.title}: moves in chart '{chart_name}'", va="top", fontsize=13,
                fontweight="bold")
    note = f"In a year, mean over {years:g} years; {how_many(results, arms).replace('bands', 'lines')}.\n"
    note += f"Numbers: {results.arms[arms[0]]}; percentages: of all who leave the state"
    note += f". The {len(moves)} largest of {n_moves} moves." if len(moves) < n_moves else "."
    figure.text(0.012, 1 - 0.37 / height, note, va="top", fontsize=9.5, color=GREY)
    if len(arms) > 1:
        handles = [Line2D([], [], color=COLOURS[a], marker=MARKERS[a], linestyle="") for a in arms]
        figure.legend(handles, [results.arms[a] for a in arms], loc="upper left", ncol=6, fontsize=9.5,
                      bbox_to_anchor=(0.003, 1 - 0.72 / height))
    for row in rows:
        row.update({"chart": results.charts["name"][chart], "unit": f"{unit}/year"})
    finish(figure, head, path, pd.DataFrame(rows))


def draw_moves(axis, results, column, flows, intervals, arms, left, rows):
    """One column of moves, a line each; adds the numbers to `rows`."""
    ticks = []
    for y, (origin, t) in enumerate(column):
        leaves = results.transitions["from"] == origin
        leaves &= results.transitions["chart"] == results.transitions["chart"][column[-1][1]]
        all_out = flows[0][:, np.flatnonzero(leaves)].sum(axis=1).mean()
        state = "new" if origin < 0 else spaced(results.states["name"][origin])
        if t is None:
            ticks.append(f"{state}: {number(all_out)}")
            axis.axhline(y - 0.5, color="#bbbbbb", linewidth=0.7)
            continue
        to = results.transitions["to"][t]
        ticks.append("to " + ("the end" if to < 0 else spaced(results.states["name"][to])))
        ends = []
        for i, a in enumerate(arms):
            mean, low, high = (x[t] for x in intervals[i])
            offset = y + (i - (len(arms) - 1) / 2) * min(0.18, 0.66 / len(arms))
            if i == 0:
                axis.plot([left, mean], [offset, offset], color="#bbbbbb", linewidth=2.2, zorder=1)
            if np.isfinite(low):
                axis.plot([max(low, left), high], [offset, offset], color=COLOURS[a], linewidth=1.1, zorder=2)
            axis.plot(mean, offset, MARKERS[a], color=COLOURS[a], markersize=6 if len(arms) == 1 else 4.5, zorder=3)
            ends.append(np.nanmax([mean, high]))
            rows.append({"from": state, "to": ticks[-1][3:], "arm": results.arms[a], "mean": mean, "low": low,
                         "high": high})
        first = intervals[0][0][t]
        share = f" ({100 * first / all_out:.0f}%)" if all_out > 0 else ""
        axis.annotate(number(first) + share, (max(ends), y), xytext=(8, 0), textcoords="offset points", va="center",
                      fontsize=9)
    axis.set_yticks(range(len(column)), ticks)
    for label, (_, t) in zip(axis.get_yticklabels(), column):
        label.set_fontweight("bold" if t is None else "normal")


def choose_measures(results, differences):
    """Of what the scenario defines: first the stocks, then the flows and shares that the arms move most, seen against
    the noise, those with a published figure first; of the costs the largest. Parts of others only if there is room, and
    what the scenario does not define only if it defines nothing."""
    strength, size = {}, {}
    for m in range(len(results.measures)):
        values = differences[:, :, :, m]  # [arm][replication][date]
        if not np.isfinite(values).any() or np.nanmax(np.abs(values)) == 0:
            continue
        last = np.nan_to_num(values[:, :, -1])
        noise = last.std(axis=1, ddof=1) if last.shape[1] > 1 else np.ones(len(last))
        strength[m] = float(np.max(np.abs(last.mean(axis=1)) / np.maximum(noise, 1e-9)))
        size[m] = float(np.max(np.abs(last.mean(axis=1))))
    published = set() if results.targets.empty else set(results.targets["measure"])
    at_date, name = results.measures["at_date"], results.measures["name"]
    costs = sorted((m for m in strength if name[m].startswith("cost.")), key=lambda m: -size[m])[:MOST_PANELS // 4]
    own = [m for m in strength if results.is_own(m)]
    if not own:
        others = [m for m in strength if m not in costs]
        others.sort(key=lambda m: (not at_date[m], -strength[m]))
        return sorted((costs + others)[:MOST_PANELS]), len(strength)
    whole = [m for m in own if not results.is_part(m)]
    stocks = [m for m in whole if at_date[m]]
    flows = sorted((m for m in whole if not at_date[m]), key=lambda m: (name[m] not in published, -strength[m]))
    room = MOST_PANELS - len(costs)
    n_stocks = min(len(stocks), max((room + 1) // 2, room - len(flows)))
    chosen = stocks[:n_stocks] + flows[:room - n_stocks]
    chosen += [m for m in own if m not in chosen][:room - len(chosen)]
    return sorted(chosen) + costs, len(own) + sum(n.startswith("cost.") for n in name[list(strength)])


def draw_differences(results, path):
    arms = [a for a in shown_arms(results) if a > 0]
    both = np.flatnonzero(results.done[:, [0] + arms].all(axis=1))
    if not arms or not len(both) or "outcomes/yearly" not in results.file:
        return
    base = results.yearly(0, both)
    differences = np.array([results.yearly(a, both) - base for a in arms])
    chosen, n = choose_measures(results, differences)
    if not chosen:
        return
    dates = results.first_date + np.arange(differences.shape[2])
    note = f"Difference to arm '{results.arms[0]}' in the same replication, same luck; "
    note += f"mean of {len(both)} replications; bands: 95% intervals" if len(both) > 1 else "one replication, so no intervals"
    note += f"; {len(chosen)} of {n} measures that differ" if len(chosen) < n else ""
    figure, axes, head = grid(len(chosen), f"{results.title}: what the arms change", note, arm_handles(results, arms))
    rows = []
    for axis, m in zip(axes, chosen):
        row = results.measures.iloc[m]
        lines = [interval(differences[i][:, :, m]) for i in range(len(arms))]
        unit, scaled = money(row["unit"], *(x for line in lines for x in line))
        for i, a in enumerate(arms):
            mean, low, high = scaled[3 * i:3 * i + 3]
            axis.fill_between(dates, low, high, color=COLOURS[a], alpha=0.15, linewidth=0)
            axis.plot(dates, mean, color=COLOURS[a], linestyle=STYLES[a], linewidth=1.7, marker="o", markersize=3.5)
            rows.append(pd.DataFrame({"measure": row["name"], "unit": unit, "arm": results.arms[a],
                                      "base": results.arms[0], "date": dates, "mean": mean, "low": low, "high": high}))
        axis.axhline(0, color="black", linewidth=0.9)
        axis.set_title(readable(row["name"]), loc="left", fontweight="bold")
        axis.set_ylabel(textwrap.fill("change, " + (unit if unit != "1" else "ratio"), 26))
        axis.margins(x=0.03)
        value_axis(axis)
        date_axis(axis, results)
        axis.set_xlabel(results.date_label() + ("" if row["at_date"] else ", year ending"))
    finish(figure, head, path, pd.concat(rows))


def draw_targets(results, path):
    done = np.flatnonzero(results.done[:, 0])
    if results.targets.empty or not len(done) or "outcomes/yearly" not in results.file:
        return
    yearly = results.yearly(0, done)
    rows = []
    for target in results.targets.itertuples():
        m, at = results.measure(target.measure), int(round(target.time))
        if m is None or at < 0 or at >= yearly.shape[1] or not target.value:
            continue
        mean, low, high = (float(x) for x in interval(yearly[:, at, m]))
        if not np.isfinite(mean):
            continue
        met = None if np.isnan(target.low) else bool(target.low <= mean <= target.high)
        rows.append({"measure": target.measure, "label": target.label, "date": results.first_date + at,
                     "unit": results.measures["unit"][m], "published": target.value, "met_from": target.low,
                     "met_to": target.high, "mean": mean, "low": low, "high": high, "met": met,
                     "source": target.source})
    if not rows:
        return
    numbers = pd.DataFrame(rows)
    n = len(rows)
    height = 0.32 * n + 1.75
    figure, axis = plt.subplots(figsize=(11, height))
    ratios = []
    for y, row in enumerate(rows):
        scale = row["published"]
        colour = {True: COLOURS[3], False: COLOURS[2], None: COLOURS[1]}[row["met"]]
        if row["met"] is not None:
            axis.barh(y, (row["met_to"] - row["met_from"]) / scale, left=row["met_from"] / scale, height=0.62,
                      color="#e3e3e3", zorder=1)
            ratios += [row["met_from"] / scale, row["met_to"] / scale]
        if np.isfinite(row["low"]):
            axis.plot([row["low"] / scale, row["high"] / scale], [y, y], color=colour, linewidth=2, zorder=2)
        axis.plot(row["mean"] / scale, y, "D" if row["met"] is False else "o", color=colour, markersize=6, zorder=3)
        ratios.append(row["mean"] / scale)
        text = f"{number(row['mean'])}  against  {number(scale)}  {row['unit']}"
        axis.text(1.015, y, text, transform=axis.get_yaxis_transform(), va="center", fontsize=9.5)
    axis.axvline(1, color="black", linewidth=1)
    # One figure that is far off must not squeeze all others: beyond 0 to 2.5 times, an arrow at the edge.
    left, right = max(0.0, min(ratios) - 0.06), min(2.5, max(max(ratios), 1.0) + 0.06)
    for y, row in enumerate(rows):
        if row["mean"] / row["published"] > right:
            axis.plot(right, y, ">", color=COLOURS[2], markersize=8, clip_on=False, zorder=4)
    axis.set_xlim(min(left, 0.94), max(right, 1.06))
    axis.set_ylim(n - 0.4, -0.6)
    labels = [textwrap.shorten(spaced(r["label"] or r["measure"]), 48, placeholder=" ...") for r in rows]
    when = [results.date_text(r["date"]) for r in rows]
    axis.set_yticks(range(n), labels if len(set(when)) == 1 else [f"{t}, {d}" for t, d in zip(labels, when)])
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("simulated / published (1: the same)")
    figure.text(0.012, 1 - 0.1 / height, f"{results.title}: simulated and published figures", va="top", fontsize=13,
                fontweight="bold")
    judged = [r["met"] for r in rows if r["met"] is not None]
    note = f"Arm '{results.arms[0]}'" + (f", {when[0]} or the year that ends there" if len(set(when)) == 1 else "")
    note += ", " + how_many(results, [0]).replace("bands", "lines")
    if judged:
        note += f".\nGrey: what counts as met; circles in green are ({sum(judged)} of {len(judged)}), orange diamonds are not"
    figure.text(0.012, 1 - 0.4 / height, note + ".", va="top", fontsize=9.5, color=GREY)
    finish(figure, 0.85, path, numbers)


def main():
    parser = argparse.ArgumentParser(description="Draws the results in an output file of kith.")
    parser.add_argument("file", type=pathlib.Path, help="output file of `kith run`")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="folder for the pictures (FILE-plots)")
    options = parser.parse_args()
    folder = options.output or options.file.with_name(options.file.stem + "-plots")
    try:
        results = Results(options.file)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"plot.py: {options.file}: {error}")
    if not results.done.any():
        raise SystemExit(f"plot.py: {options.file}: no replication is complete")
    if not results.done[:, 0].any():
        raise SystemExit(f"plot.py: {options.file}: no replication of the first arm is complete")
    draw_stocks(results, folder / "stocks.png")
    draw_flows(results, folder / "flows.png")
    draw_differences(results, folder / "differences.png")
    draw_targets(results, folder / "targets.png")


if __name__ == "__main__":
    main()
