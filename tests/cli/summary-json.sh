# the rows that others script against: keys, and one value that can only be this (all families are somewhere)
"$KITH" run "$SCENARIOS/chain.yaml" -o c.h5 --quiet --set population.families=500 --replications 3 || exit
"$KITH" summary c.h5 --json > rows.json || exit
python=$(sh "$ROOT/scripts/python.sh" json) || exit 77
"$python" - <<'P'
import json
rows = json.load(open("rows.json"))["rows"]
print(sorted(rows[0]))
total = sum(r["mean"] for r in rows if r["measure"].startswith("stock.chain.") and r["time"] == 18)
print(round(total, 6), {r["area"] for r in rows}, {r["n"] for r in rows}, {r["arm"] for r in rows})
print(sum(r["time"] is None for r in rows) > 0)
P
