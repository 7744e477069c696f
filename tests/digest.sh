#!/bin/sh
# Checks that results are the same to the bit whatever compiled the program and however it is run: `kith digest` of
# small runs with several compilers, optimisations, numbers of threads and orders of events has to be one value.
#
# usage: [B=build] tests/digest.sh
#
# Builds into $B-O0, $B-native and so on. Prints `ok`, `FAIL` or `SKIPPED` and a name for each scenario and compiler;
# exit code 1 if anything failed.
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
B=${B-build}
jobs=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
failed=0

# Families of a scenario: all areas have some, and a run takes about a second.
families_of()
{
    case $1 in
        england | pressure) echo 7000 ;;
        *) echo 2000 ;;
    esac
}

# What else a scenario is given: several districts, for areas to be dealt out to threads.
more_of()
{
    case $1 in
        district) echo '--set population.areas=20' ;;
        mmc) echo '--set customers=5000' ;;
    esac
}

# digest PROGRAM SCENARIO THREADS ORDER
digest()
{
    # shellcheck disable=SC2046
    "$1" run "scenarios/$2.yaml" -o "$work/out.h5" --overwrite --quiet --threads "$3" --order "$4" --replications 1 \
        --trajectories all $(more_of "$2") --set population.families="$(families_of "$2")" > "$work/log" 2>&1 < /dev/null &&
        "$1" digest "$work/out.h5" 2>> "$work/log" | awk '{ print $1 }'
}

# compare NAME PROGRAM SCENARIO THREADS-ORDER...: holds the digests against the first one of this scenario
compare()
{
    name=$1 program=$2 scenario=$3
    shift 3
    wrong=
    for how in "$@"; do
        found=$(digest "$program" "$scenario" "${how%-*}" "${how#*-}")
        if [ -z "$found" ]; then
            wrong="$wrong $how(no digest)"
            sed 's/^/    | /' "$work/log"
            continue
        fi
        [ -e "$work/$scenario" ] || echo "$found" > "$work/$scenario"
        [ "$found" = "$(cat "$work/$scenario")" ] || wrong="$wrong $how($found)"
    done
    if [ -z "$wrong" ]; then
        echo "ok digest/$scenario/$name ($(cut -c 1-12 < "$work/$scenario")...: threads-order $*)"
    else
        failed=1
        echo "FAIL digest/$scenario/$name: not $(cat "$work/$scenario" 2> /dev/null):$wrong"
    fi
}

scenarios=
for scenario in chain illness-death england mmc district area pressure; do
    [ -e "scenarios/$scenario.yaml" ] && scenarios="$scenarios $scenario"
done

for scenario in $scenarios; do
    compare default "$B/kith" "$scenario" 1-family 2-family 7-family 1-queue 2-queue 7-queue
done

# variant NAME CC OPTIMISATION [CPPFLAGS]
variant()
{
    if ! command -v "$2" > /dev/null 2>&1; then
        echo "SKIPPED digest/$1: no $2"
        return
    fi
    if ! make -j "$jobs" B="$B-$1" CC="$2" OPT="$3" CPPFLAGS="${4-}" all > "$work/log" 2>&1; then
        failed=1
        echo "FAIL digest/$1: does not build"
        grep -E 'error|undefined' "$work/log" | head -n 20 | sed 's/^/    | /'
        return
    fi
    for scenario in $scenarios; do
        compare "$1" "$B-$1/kith" "$scenario" 2-family 7-queue
    done
}
variant gcc-O0 gcc -O0
variant gcc-native gcc '-O3 -march=native'
variant clang clang -O2
variant clang-native clang '-O3 -march=native'
# families side by side: by default as many as the vectors of this CPU hold
scenarios='chain district area'
variant lanes2 "${CC:-cc}" -O3 -DKITH_LANES_MOST=2
variant lanes4 "${CC:-cc}" -O3 -DKITH_LANES_MOST=4
exit $failed
