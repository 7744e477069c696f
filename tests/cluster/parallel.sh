#!/bin/sh
# scripts/cluster/parallel.sh with GNU parallel itself: stopped in the middle, one kith killed, started again.
# shellcheck disable=SC1091,SC2154 # lib/common.sh
set -u
. "$(dirname "$0")/lib/common.sh"
need parallel
parallel --version 2> /dev/null | grep -q 'GNU parallel' || skip "another parallel than GNU's"
cd "$work" || exit 1
# Its citation notice is for people.
PARALLEL_HOME=$work/parallel PARTS=7 JOBS=2
export PARALLEL_HOME PARTS JOBS
mkdir -p "$PARALLEL_HOME"
touch "$PARALLEL_HOME/will-cite"
set -- --replications 2 --set population.families=14000
reference "$SCENARIOS/demo.yaml" "$@"

cells_in_parts()
{
    total=0
    for i in 1 2 3 4 5 6 7; do
        total=$((total + $(status_number finished "all.h5.parts/$i-of-7.shard")))
    done
    echo $total
}
running()
{
    kith_pid=$(ps -eo pid=,args= | awk -v out="$work/all.h5.parts/$1-of-7.shard" '$2 ~ /kith$/ && index($0, out) { print $1; exit }')
    [ -n "$kith_pid" ]
}

sh "$ROOT/scripts/cluster/parallel.sh" "$SCENARIOS/demo.yaml" "$work/all.h5" "$@" > first.log 2>&1 &
pid=$!
wait_for 30 running 3 || die "part 3 does not run" first.log
wait_for 10 has_cells 5 all.h5.parts/3-of-7.shard
kill -9 "$kith_pid"
wait $pid
code=$?
[ $code -eq 75 ] || die "exit code $code with a killed part, expected 75" first.log
[ ! -e all.h5 ] || die "merged although a part was missing"
before=$(cells_in_parts)
say "part 3 killed: $before of 1216 cells finished; the same command again"
expect 0 sh "$ROOT/scripts/cluster/parallel.sh" "$SCENARIOS/demo.yaml" "$work/all.h5" "$@"
same all.h5 "GNU parallel, 7 parts, one killed"
jobs_run=$(($(wc -l < all.h5.parts/joblog) - 1))
expect 0 sh "$ROOT/scripts/cluster/parallel.sh" "$SCENARIOS/demo.yaml" "$work/all.h5" "$@"
same all.h5 "once more"
echo "$reached digests equal; $jobs_run parts in parallel's log"
