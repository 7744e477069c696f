#!/bin/sh
# Ends runs early in every way there is, and goes on: exit code, message, how quickly, and that nothing finished is lost or
# done again.
#
# usage: tests/fault/stop.sh [STOPS]      at random moments, 60 by default
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
stops=${1-60}
tool strike
mkdir dir
randoms $((stops * 2 + 100))
longest=5 # seconds from the signal to the end of the process
few="$SCENARIOS/demo.yaml --set population.families=6910 --replications 1"

# stopped WHAT CODE: whether the last run ended as it should; sets kept
stopped()
{
    read -r code sent took after < report
    [ "$code" -eq "$2" ] || bad "$1: exit code $code, expected $2" log
    if [ "$sent" -eq 1 ] && [ "$after" -gt $((longest * 1000)) ]; then bad "$1: took $after ms to end"; fi
    kept=$(cells dir/out.h5)
    if [ "$kept" -eq 0 ]; then set -- "$@" none; else set -- "$@" "$kept" resume; fi
    says log "$3" "${4-early}" || bad "$1: not said how many cells ($kept) are finished or how to go on" log
    [ ! -e dir/out.h5 ] || bad "$1: out.h5 is there before it is complete"
    "$KITH" status dir/out.h5 > log.status 2>&1
    status=$?
    # Nothing finished leaves nothing, of which there is no status.
    case $kept-$status in
        0-74 | *-75) ;;
        *) bad "$1: status: exit code $status" log.status ;;
    esac
}

# goes_on WHAT DIGEST ARGUMENT...: --resume completes
goes_on()
{
    what=$1 expected=$2
    shift 2
    "$KITH" run "$@" -o dir/out.h5 --resume > log 2>&1 || bad "$what: exit code $? of --resume" log
    alone dir out.h5 "$expected" "$what" log
    rm -rf dir/*
}

# shellcheck disable=SC2086
"$KITH" run $few -o whole.h5 --quiet > log 2>&1 || { bad "exit code $? without a signal" log; finish; }
few_digest=$(digest whole.h5)

# signals NAME CODE OPTION...
signals()
{
    name=SIG$1 signal=$1 expected_code=$2
    shift 2
    # shellcheck disable=SC2086
    ./strike "$signal" 250000 -f dir/out.h5.cells report "$KITH" run $few -o dir/out.h5 --threads 1 "$@" > log 2>&1
    stopped "$name $*" "$expected_code"
    echo "$name $*: $kept cells finished, ended after $after ms"
    row "$name $*" "0.25 s after the first cells" 1 "$expected_code, then 0" 0
    # shellcheck disable=SC2086
    goes_on "$name $*" "$few_digest" $few
}
signals TERM 75
signals INT 75
signals USR1 75
signals TERM 99 --stop-code 99
signals TERM 75 --trajectories none --quiet

# Before anything is finished, too: there is something to resume, or nothing, but no error.
# shellcheck disable=SC2086
./strike TERM 30000 report "$KITH" run $few -o dir/out.h5 > log 2>&1
read -r code sent took after < report
case $code in
    75 | 143) ;; # 143: before the program had begun
    *) bad "SIGTERM at once: exit code $code" log ;;
esac
# shellcheck disable=SC2086
goes_on "SIGTERM at once" "$few_digest" $few

# ---- a time limit

# shellcheck disable=SC2086
long="$SCENARIOS/area.yaml --set population.families=4000000 --set population.areas=40"
for option in '--max-time 2s' '--max-time 2s --stop-code 99' '--max-time 0:00:02'; do
    # shellcheck disable=SC2086
    ./strike NONE 900000000 report "$KITH" run $long -o dir/out.h5 --replications 100 $option > log 2>&1
    expected_code=75
    case $option in *stop-code*) expected_code=99 ;; esac
    stopped "$option" $expected_code
    [ "$took" -ge 1900 ] || bad "$option: ended after $took ms"
    [ "$took" -le $((2000 + longest * 1000)) ] || bad "$option: ended only after $took ms"
    echo "$option: ended after $took ms, $kept cells finished"
    rm -rf dir/*
done
row "--max-time 2s" "a run of minutes" 3 "75 (99 with --stop-code)" 0
# A run that is over in time does not notice its limit.
# shellcheck disable=SC2086
"$KITH" run $few -o dir/out.h5 --max-time 2h > log 2>&1 || bad "--max-time 2h: exit code $?" log
alone dir out.h5 "$few_digest" "--max-time 2h" log
for option in 0 -1s nonsense 5x ''; do
    # shellcheck disable=SC2086
    "$KITH" run $few -o other.h5 --max-time "$option" > log 2>&1
    code=$?
    [ $code -eq 2 ] || bad "--max-time '$option': exit code $code, expected 2" log
done
rm -rf dir/*

# Areas that are simulated as a whole, each taking longer than a stop may take; in the sample there is no other cell.
for how in "$SCENARIOS/area.yaml --set population.families=2000000 --set population.areas=2" \
    "$SCENARIOS/pressure.yaml --set population.families=1500000 --arms baseline"; do
    # shellcheck disable=SC2086
    ./strike TERM 1500000 report "$KITH" run $how -o dir/out.h5 --threads 2 --replications 1 > log 2>&1
    stopped "large coupled areas" 75
    echo "large coupled areas: SIGTERM, ended after $after ms"
    rm -rf dir/*
done
row "SIGTERM, large coupled areas" "1.5 s after the start" 2 75 0

# A second signal does not wait for the first one's care: the process ends, and what was finished is there.
# shellcheck disable=SC2086
"$KITH" run $few -o dir/out.h5 --quiet --threads 1 > log 2>&1 &
pid=$!
children=$pid
sleep 0.4
kill -TERM $pid
kill -TERM $pid 2> /dev/null
wait $pid
code=$?
children=
case $code in
    75 | 143) ;;
    *) bad "SIGTERM twice: exit code $code" log ;;
esac
# shellcheck disable=SC2086
goes_on "SIGTERM twice" "$few_digest" $few

# ---- at any moment

# A cell that was in hand must never be taken for finished, wherever the signal met it. One that is would stay in the
# result, so many stops can share one look at it.
any_moment()
{
    name=$1 quota=$2
    shift 2
    "$KITH" run "$@" -o whole.h5 --overwrite --quiet > log 2>&1 || bad "$name: exit code $?" log
    stopped=0 rounds=0
    while [ $stopped -lt "$quota" ]; do
        read -r random <&3 || { bad "no random numbers left"; break; }
        rm -f dir/out.h5.cells/lock # when it is there again, the run has begun
        ./strike TERM "$(awk -v r="$random" 'BEGIN { printf "%d", r * 40000 }')" -f dir/out.h5.cells/lock report \
            "$KITH" run "$@" -o dir/out.h5 --resume > log 2>&1
        read -r code _ _ _ < report
        case $code in
            75) stopped=$((stopped + 1)) ;;
            143) ;; # before the program had begun
            0) # all of it between the stops: again
                alone dir out.h5 "$(digest whole.h5)" "$name, stopped at any moment" log
                rm -rf dir/* ;;
            *) bad "$name, stopped at any moment: exit code $code" log; break ;;
        esac
        rounds=$((rounds + 1))
        [ $rounds -lt $((quota * 2)) ] || break
    done
    goes_on "$name, stopped at any moment" "$(digest whole.h5)" "$@"
    row "SIGTERM, $name" "at any moment" "$stopped" "75, then 0" 0
}
any_moment "coupled areas, families side by side" $((stops / 2)) "$SCENARIOS/area.yaml" --threads 1 --trajectories all \
    --set population.families=4800 --set population.areas=8 --replications 150
any_moment "families side by side" $((stops / 6)) "$SCENARIOS/chain.yaml" --threads 2 --trajectories all \
    --set population.families=20000 --replications 20
any_moment "charts" $((stops / 6)) "$SCENARIOS/demo.yaml" --threads 2 --trajectories all --set population.families=3455 \
    --replications 1
any_moment "coupled charts" $((stops / 6)) "$SCENARIOS/pressure.yaml" --threads 2 --set population.families=6910 \
    --replications 1 --arms baseline

# ---- what is there is not simulated again

base="$SCENARIOS/area.yaml --set population.families=30000 --set population.areas=10 --trajectories all"
# shellcheck disable=SC2086
{
    "$KITH" run $base --replications 5 -o five.h5 --quiet > log 2>&1 || bad "exit code $?" log
    "$KITH" run $base --replications 3 -o dir/out.h5 --quiet > log 2>&1 || bad "exit code $?" log
    cp dir/out.h5 three.h5
    "$KITH" run $base --replications 5 -o dir/out.h5 --resume > log 2>&1 || bad "more replications: exit code $?" log
    alone dir out.h5 "$(digest five.h5)" "more replications" log
    # 20 of the 50 cells were missing; the others are not simulated again.
    says log 30 || bad "more replications: not said that 30 cells were there" log
    row "--replications raised to 5 of 3" "--resume of a complete file" 1 0 0

    # Everything is there: nothing happens, the file is not even written again.
    stamp=$(ls -li dir/out.h5)
    sum=$(cksum < dir/out.h5)
    "$KITH" run $base --replications 5 -o dir/out.h5 --resume > log 2>&1 || bad "nothing to do: exit code $?" log
    [ "$(ls -li dir/out.h5)" = "$stamp" ] || bad "nothing to do: out.h5 was written again"
    [ "$(cksum < dir/out.h5)" = "$sum" ] || bad "nothing to do: out.h5 has changed"
    alone dir out.h5 "$(digest five.h5)" "nothing to do" log
    "$KITH" status dir/out.h5 > log 2>&1 || bad "status of a complete file: exit code $?" log

    # Fewer than there are: a result for which nothing is missing either. Whatever it says, the file stays.
    "$KITH" run $base --replications 3 -o dir/out.h5 --resume > log 2>&1
    code=$?
    echo "fewer replications than the file has: exit code $code: $(tail -n 1 log)"
    case $code in
        0 | 2 | 65 | 74) ;;
        *) bad "fewer replications: exit code $code" log ;;
    esac
    case $(digest dir/out.h5) in
        "$(digest five.h5)") ;;
        "$(digest three.h5)") [ $code -eq 0 ] || bad "fewer replications: the file was changed, exit code $code" log ;;
        *) bad "fewer replications: a wrong file" log ;;
    esac
    cp five.h5 dir/out.h5

    # Another scenario, seed or arms: refused, and nothing changed.
    for other in "$base --replications 5 --seed 99" "$base --replications 6 --set places_per_1000=50" \
        "$SCENARIOS/chain.yaml --set population.families=1000"; do
        "$KITH" run $other -o dir/out.h5 --resume > log 2>&1
        code=$?
        [ $code -eq 65 ] || bad "another scenario: exit code $code for $other" log
        says log out.h5 || bad "another scenario: the message does not name the file" log
        alone dir out.h5 "$(digest five.h5)" "another scenario" log
    done
    row "--resume of another scenario or seed" "options" 3 65 0
}
finish
