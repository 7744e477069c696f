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

# digest RUN PROGRAM SCENARIO THREADS-ORDER: leaves the digest in the file RUN, or what was said in RUN.log
digest()
{
    # shellcheck disable=SC2046
    "$2" run "scenarios/$3.yaml" -o "$1.h5" --overwrite --quiet --threads "${4%-*}" --order "${4#*-}" --replications 1 \
        --trajectories all $(more_of "$3") --set population.families="$(families_of "$3")" > "$1.log" 2>&1 < /dev/null &&
        "$2" digest "$1.h5" 2>> "$1.log" | awk '{ print $1 }' > "$1"
    rm -f "$1.h5"
}

# compare NAME PROGRAM THREADS-ORDER...: runs all scenarios these ways, several at a time, and holds each digest against
# the first one of its scenario
compare()
{
    name=$1 program=$2
    shift 2
    waiting=0
    for scenario in $scenarios; do
        for how in "$@"; do
            digest "$work/$name-$scenario-$how" "$program" "$scenario" "$how" &
            waiting=$((waiting + 1))
            [ $((waiting % jobs)) -ne 0 ] || wait
        done
    done
    wait
    for scenario in $scenarios; do
        wrong=
        for how in "$@"; do
            run=$work/$name-$scenario-$how
            if [ ! -s "$run" ]; then
                wrong="$wrong $how(no digest)"
                sed 's/^/    | /' "$run.log"
                continue
            fi
            [ -e "$work/$scenario" ] || cp "$run" "$work/$scenario"
            cmp -s "$run" "$work/$scenario" || wrong="$wrong $how($(cat "$run"))"
        done
        if [ -z "$wrong" ]; then
            echo "ok digest/$scenario/$name ($(cut -c 1-12 < "$work/$scenario")...: threads-order $*)"
        else
            failed=1
            echo "FAIL digest/$scenario/$name: not $(cat "$work/$scenario" 2> /dev/null):$wrong"
        fi
    done
}

scenarios=
for scenario in chain illness-death england mmc district area pressure; do
    [ -e "scenarios/$scenario.yaml" ] && scenarios="$scenarios $scenario"
done

compare default "$B/kith" 1-family 2-family 7-family 1-queue 2-queue 7-queue

# does_not_build NAME
does_not_build()
{
    failed=1
    echo "FAIL digest/$1: does not build"
    grep -E 'error|undefined' "$work/log" | head -n 20 | sed 's/^/    | /'
}

# variant NAME CC OPTIMISATION
variant()
{
    if ! command -v "$2" > /dev/null 2>&1; then
        echo "SKIPPED digest/$1: no $2"
    elif ! make -j "$jobs" B="$B-$1" CC="$2" OPT="$3" CFLAGS_EXTRA=-g0 all > "$work/log" 2>&1; then does_not_build "$1"
    else compare "$1" "$B-$1/kith" 2-family 7-queue
    fi
}
variant gcc-O0 gcc -O0
variant gcc-native gcc '-O3 -march=native'
variant clang clang -O2
variant clang-native clang '-O3 -march=native'

# Families side by side: by default as many as the vectors of this CPU hold. One source chooses, and one is compiled.
scenarios='chain district area'
for lanes in 2 4; do
    # shellcheck disable=SC2016 # for make
    if cp "$B/libkith.a" "$work/libkith.a" &&
        make -s B="$B" CPPFLAGS="-DKITH_LANES_MOST=$lanes" work="$work" --eval='lanes: ; \
            $(CC) $(CFLAGS_ALL) $(CPPFLAGS_ALL) -c -o $(work)/plain.o models/pathway/plain.c && \
            ar r $(work)/libkith.a $(work)/plain.o && \
            $(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $(work)/lanes $(CLI_OBJ) $(work)/libkith.a $(LIBS)' lanes > "$work/log" 2>&1
    then compare "lanes$lanes" "$work/lanes" 2-family 7-queue
    else does_not_build "lanes$lanes"
    fi
done
exit $failed
