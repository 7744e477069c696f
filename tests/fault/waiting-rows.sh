#!/bin/sh
# Runs of an area with so many rows of trajectories that they wait for being sorted in a file of their own (base/spill.h), which
# cannot be written, cannot be read, or is left behind by a process that is killed while it makes it.
#
# usage: tests/fault/waiting-rows.sh
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
inject_library
top=$work/top
small="$SCENARIOS/area.yaml --quiet --threads 1 --set population.families=30000 --trajectories all"

mkdir top
# shellcheck disable=SC2086
"$KITH" run $small -o whole.h5 > log 2>&1 || { bad "exit code $? without a fault" log; finish; }
expected=$(digest whole.h5)

# faulty NAME=VALUE...: the run with this fault; `again`: how it goes on
faulty()
{
    rm -f struck
    # shellcheck disable=SC2086
    $limit env LD_PRELOAD="$work/inject.so" FAULT_PATH="$top" FAULT_LOG="$work/struck" "$@" "$KITH" run $small -o top/out.h5 \
        > log 2>&1 < /dev/null
    code=$?
}
again()
{
    # shellcheck disable=SC2086
    $limit "$KITH" run $small -o top/out.h5 --resume > log 2>&1 < /dev/null || bad "$1: exit code $? when it went on" log
    [ "$(digest top/out.h5)" = "$expected" ] || bad "$1: another digest" log
    nothing_beside top out.h5 "$1" log
    rm -rf top
    mkdir top
}

faulty FAULT_TRACE="$work/trace"
[ $code -eq 0 ] || bad "exit code $code without a fault" log
rm -rf top && mkdir top
for call in write read; do
    grep "^$call .*/waiting-" trace | cut -d' ' -f2 | awk '{ n[NR] = $1 } END { for (i = 1; i <= NR; i += NR > 9 ? 3 : 1) print n[i] }' \
        > numbers
    [ "$(wc -l < numbers)" -ge 4 ] || bad "only $(wc -l < numbers) calls of $call for the rows that wait"
    [ $call = write ] && faults='ENOSPC EIO EINTR SHORT' || faults='EIO EINTR SHORT'
    for fault in $faults; do
        tried=0
        while read -r number; do
            what="$call $number $fault"
            faulty FAULT_CALL=$call FAULT_AT="$number" FAULT_DO=$fault
            grep -q /waiting- struck || bad "$what: not of the rows that wait" struck
            tried=$((tried + 1))
            case $fault in
                EINTR | SHORT) [ $code -eq 0 ] || bad "$what: exit code $code" log ;;
                *)
                    [ $code -eq 74 ] || bad "$what: exit code $code" log
                    grep -q 'out.h5.cells: error: cannot keep trajectories in a file here' log || bad "$what: no message" log
                    [ ! -e top/out.h5 ] || bad "$what: there is a file" ;;
            esac
            [ $code -eq 0 ] && mv top/out.h5 top/first.h5
            [ $code -ne 0 ] || { [ "$(digest top/first.h5)" = "$expected" ] || bad "$what: another digest" log; rm top/first.h5; }
            again "$what"
        done < numbers
        row "$fault at $call" "injected" "$tried" "$code" "none"
    done
done

# Killed between making the file and taking its name away.
number=$(grep '^unlink .*/waiting-' trace | cut -d' ' -f2)
faulty FAULT_CALL=unlink FAULT_AT="$number" FAULT_DO=KILL
ls top/out.h5.cells/waiting-* > /dev/null 2>&1 || bad "killed: no file was left, so nothing is tested" log
again "killed"
row "KILL at unlink" "injected" 1 "$code" "none"
finish
