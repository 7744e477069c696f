#!/bin/sh
# make bench: builds the yardsticks and compares. Needs B (build directory) and CC from the Makefile.
set -eu
B=${B:-build}
CC=${CC:-cc}
$CC -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -o "$B/chain_plain" bench/chain_plain.c -lm
python3 bench/bench.py "$B" "$@"
if command -v valgrind >/dev/null 2>&1; then
    # instructions an event: the difference of two sizes, so that start-up does not count
    count() {
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$B/kith" run scenarios/chain.yaml -o "$B/bench.h5" \
            --threads 1 --quiet --set population.families="$1" 2>&1 | sed -n 's/.*refs: *//p' | tr -d ,
    }
    a=$(count 2000)
    b=$(count 12000)
    echo "  kith, instructions         $(((b - a) / 194100)) an event (callgrind)"
    rm -f "$B/bench.h5"
fi
