#!/bin/sh
# kith in parts on one machine, or on several that share a directory, with GNU parallel; then the merge.
#
# usage: parallel.sh SCENARIO OUT.h5 [OPTION OF kith run...]
#
#   PARTS=40 JOBS=8 parallel.sh scenarios/england.yaml england.h5 --replications 40
#   PARALLEL="--sshloginfile hosts --workdir ." parallel.sh ...       # hosts: lines such as 8/node1
#
# Parts go to OUT.h5.parts, beside them parallel's log of what ran when, where and how long. The same command again
# does what is missing and no more: parts that are complete return at once, so none of parallel's own --resume options
# is needed. Exit code 75: some parts are not complete.
set -u

if [ $# -lt 2 ]; then
    echo "usage: parallel.sh SCENARIO OUT.h5 [OPTION OF kith run...]" >&2
    exit 2
fi
scenario=$1 out=$2
shift 2
kith=${KITH:-kith}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
parts=${PARTS:-$((4 * jobs))}

mkdir -p "$out.parts"
# One thread a part, one part a core. --termseq: when parallel is stopped, kith has ten seconds to close its file
# before the SIGKILL (which would cost it the cells in hand, no more).
if ! seq "$parts" | parallel --jobs "$jobs" --joblog "$out.parts/joblog" --termseq TERM,10000,KILL --quote \
    "$kith" run "$scenario" -o "$out.parts/{}-of-$parts.shard" --shard "{}/$parts" --threads 1 --resume "$@"; then
    echo "parallel.sh: some parts are not complete; the same command goes on ('$kith status $out.parts' shows them)" >&2
    exit 75
fi
"$kith" merge "$out.parts/"*"-of-$parts.shard" -o "$out" --overwrite
