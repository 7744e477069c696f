#!/bin/sh
# Builds the yardsticks, and kith for CPUs with narrower vectors, and compares; `make bench` calls it.
#
# usage: [B=build] [CC=gcc] sh bench/run.sh [--quick] [--json] [--only NAME...] [--help]
#
# From make: make bench ARGS="--quick". B is the build directory, with kith in it.
set -eu

cd "$(dirname "$0")/.."
B=${B:-build}
CC=${CC:-cc}
jobs=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
# The makes below are not part of the one that may have started this.
unset MAKEFLAGS MFLAGS MAKELEVEL
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- ${ARGS-}

if [ ! -x "$B/kith" ]; then
    echo "bench: $B/kith is missing: run make first, or name the build directory with B=" >&2
    exit 1
fi
for word in "$@"; do
    case $word in -h | --help) exec python3 bench/bench.py --help ;; esac
done
workloads=$(python3 bench/bench.py --build "$B" "$@" --dry-run) # a mistyped option is told before anything is built
case " $* " in *" --dry-run "*) echo "$workloads" && exit 0 ;; esac

# yardstick NAME FLAG...: compiles bench/NAME.c
yardstick()
{
    name=$1
    shift
    $CC -std=c11 -D_POSIX_C_SOURCE=200809L -O3 "$@" -o "$B/$name" "bench/$name.c" -lm
}

native=-march=native
echo 'int main(void) { return 0; }' > "$B/native.c"
$CC $native -o "$B/native" "$B/native.c" 2> /dev/null || native=-mcpu=native
rm -f "$B/native" "$B/native.c"
yardstick chain_plain
yardstick chain_batch $native -ffast-math -fopenmp-simd
yardstick area_plain $native

rm -f "$B/hold"
if [ -f bench/hold.c ]; then
    $CC -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -ffp-contract=off -fopenmp -Iengine -I. -o "$B/hold" bench/hold.c \
        "$B/libkith.a" -lm || echo "bench: bench/hold.c does not build" >&2
fi

# kith as a CPU with narrower vectors would run it; other CPUs than x86-64 have only one kernel.
case $(uname -m) in x86_64 | amd64) lanes='2 4' ;; *) lanes= ;; esac
grep -rq KITH_LANES_MOST engine models || lanes=
case " $workloads " in *" chain "* | *" writing "* | *" threads "*) ;; *) lanes= ;; esac
for n in 2 4; do
    case " $lanes " in
        *" $n "*) make -s -j"$jobs" CC="$CC" B="$B/lanes$n" CPPFLAGS="-DKITH_LANES_MOST=$n ${CPPFLAGS-}" all ;;
        *) rm -f "$B/lanes$n/kith" ;; # no longer that of this source
    esac
done

simpy=$(sh scripts/python.sh simpy) || simpy=
if [ -z "$simpy" ]; then
    echo "bench: no python has simpy, so the comparisons with it are left out. To get it: pip install simpy" >&2
    echo "bench: (Debian: apt-get install python3-simpy3), KITH_PYTHON names a python that has it" >&2
fi
exec python3 bench/bench.py --build "$B" --simpy "$simpy" "$@"
