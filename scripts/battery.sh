#!/bin/sh
# Runs dieharder over keyed draws in which the neighbouring values of one part of the key follow each other.
#
# usage: scripts/battery.sh [--quick] [MODE...]
#
# MODE: occurrence, clock, member, family, area, replication or seed (default: all of them). Takes minutes a
# mode (--quick: a few tests, half a minute a mode). CC chooses the compiler; BATTERY_OUT names a folder that
# keeps the raw reports.
#
# The rule, fixed before any run. dieharder calls a p-value outside [0.005, 0.995] WEAK and one outside
# [1e-6, 1 - 1e-6] FAILED. A mode fails
#   - if any p-value of the first pass is FAILED, or
#   - if more than 7 p-values of it are WEAK (about 1.1 expected of 110; P(more than 7) < 1e-4), or
#   - if a test with a WEAK p-value, repeated once with another seed and four times the samples, has a p-value
#     outside [0.0005, 0.9995].
# Good draws then fail a mode with a chance of under 1 in 100.
set -eu

# dieharder's test numbers, some with a -n value. Left out are 5, 6, 7 and 14, which it calls suspect itself.
full_tests="0 1 2 3 4 8 9 10 11 12 13 15 16 17 100 101 102 200:2 200:5 200:8 201:2 201:3 201:4 201:5
202:2 202:3 202:4 202:5 203:0 203:1 203:3 203:7 203:31 204 205 206 207 208 209"
quick_tests="0 3 15 101 102 202:4 203:1 206"
modes="occurrence clock member family area replication seed"

tests=$full_tests
if [ "${1-}" = --quick ]; then
    tests=$quick_tests
    shift
fi
[ $# -gt 0 ] && modes=$*
command -v dieharder > /dev/null || { echo "battery: dieharder is not installed" >&2; exit 2; }

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${BATTERY_OUT-$work}
mkdir -p "$out"
${CC-cc} -std=c11 -O2 -ffp-contract=off -o "$work/battery" "$root/tests/stat/battery.c"

# one MODE SEED TEST[:N] OPTIONS...: the result lines, name|ntup|tsamples|psamples|p-value|assessment
one() {
    mode=$1 seed=$2 number=${3%%:*} ntuple=
    case $3 in *:*) ntuple="-n ${3#*:}" ;; esac
    shift 3
    # shellcheck disable=SC2086
    "$work/battery" "$mode" "$seed" | dieharder -g 200 -d "$number" $ntuple "$@" -D default 2> /dev/null |
        tr -d ' ' | grep -E '\|(PASSED|WEAK|FAILED)$' || {
        echo "battery: dieharder -d $number gave no result" >&2
        exit 2
    }
}

failed=0
for mode in $modes; do
    report=$out/$mode.txt
    : > "$report"
    retry=
    for test in $tests; do
        one "$mode" 1 "$test" > "$work/lines"
        cat "$work/lines" >> "$report"
        grep -q 'WEAK$' "$work/lines" && retry="$retry $test"
    done
    n=$(wc -l < "$report")
    weak=$(grep -c 'WEAK$' "$report" || true)
    bad=$(grep -c 'FAILED$' "$report" || true)
    again=0
    for test in $retry; do
        echo "again: $test" >> "$report"
        one "$mode" 1000001 "$test" -m 4 -W 0.0005 > "$work/lines"
        cat "$work/lines" >> "$report"
        again=$((again + $(grep -c -E '(WEAK|FAILED)$' "$work/lines" || true)))
    done
    verdict=passed
    if [ "$bad" -gt 0 ] || [ "$weak" -gt 7 ] || [ "$again" -gt 0 ]; then
        verdict=FAILED
        failed=1
    fi
    echo "$mode: $verdict ($n p-values: $bad FAILED, $weak WEAK; on repeating, $again still weak)"
done
exit $failed
