# moves that set each other off in circles end the run with a report, not a hang
cat > s.yaml <<'Y'
kith: 1
title: In circles
time: {counted: 5 years}
population: {families: 100}
charts:
  c:
    of: family
    states: [a, b]
    on_entry:
      a: {move: {chart: d, to: y}}
      b: {move: {chart: d, to: x}}
    clocks:
      - {from: a, to: b, hazard: {exponential: 1 /year}}
  d:
    of: family
    states: [x, y]
    on_entry:
      x: {move: {chart: c, to: a}}
      y: {move: {chart: c, to: b}}
Y
"$KITH" run s.yaml -o x.h5 --quiet 2> err.txt
code=$?
cut -d';' -f2 err.txt
exit $code
