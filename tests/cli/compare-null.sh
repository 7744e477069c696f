# a change of nothing changes nothing: every difference is exactly 0
cat > null.yaml <<'Y'
extends: base.yaml
arms:
  baseline: {what: nothing changes}
  null: {what: a change of nothing, from: 2 years, set: {rate: 0.4 /year}}
  twice: {what: twice the rate, from: 2 years, set: {rate: 0.8 /year}}
Y
cat > base.yaml <<'Y'
kith: 1
title: Two states
time: {counted: 5 years}
population: {families: 300}
replications: 4
parameters: {rate: {value: 0.4 /year, range: [0 /year, 9 /year], source: assumed}}
charts:
  c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: $rate}},
      {from: b, to: a, hazard: {gamma: {shape: 2, mean: 1 year}}}]}
Y
"$KITH" run null.yaml -o n.h5 --quiet --trajectories all || exit
"$KITH" compare n.h5 --base baseline --arm null --json > null.json || exit
"$KITH" compare n.h5 --base baseline --arm twice --json > twice.json || exit
python=$(sh "$ROOT/scripts/python.sh" json) || exit 77
"$python" - <<'P'
import json
null, twice = (json.load(open(f))["rows"] for f in ("null.json", "twice.json"))
print(sorted(null[0]))
print(len(null) > 20, {r["difference"] for r in null}, any(r["difference"] for r in twice))
P
