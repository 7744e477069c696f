"$KITH" plan "$SCENARIOS/chain.yaml" --json --set population.families=1000 > plan.json || exit
python=$(sh "$ROOT/scripts/python.sh" json) || exit 77
"$python" -c 'import json; p = json.load(open("plan.json")); print(p["cells"], p["families"], 15000 < p["events"] < 25000)'
"$KITH" describe "$SCENARIOS/chain.yaml" --dot | grep -c -- '->'
"$KITH" describe "$SCENARIOS/illness-death.yaml" | grep -c 'recovery'
