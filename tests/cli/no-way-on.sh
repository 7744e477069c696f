# a fault that only shows while running: the message names file, line, state and remedy, and nothing is written
cat > s.yaml <<'Y'
kith: 1
title: No way on
time: {counted: 5 years}
population: {families: 100}
charts:
  c:
    of: family
    states: [a, choice, b]
    instant:
      choice:
        options:
          - {to: b, weight: {c: {choice: 0}}}
          - {to: a, weight: 0}
    clocks:
      - {from: a, to: choice, hazard: {exponential: 1 /year}}
Y
"$KITH" run s.yaml -o x.h5 --quiet
code=$?
[ ! -e x.h5 ] && [ ! -e x.h5.tmp ] || echo "something was written"
exit $code
