#!/bin/sh
# scripts/cluster/Snakefile with Snakemake itself: a part killed, Snakemake killed, more replications.
# shellcheck disable=SC1091,SC2154 # lib/common.sh
set -u
. "$(dirname "$0")/lib/common.sh"
need snakemake
cd "$work" || exit 1
HOME=$work # its caches
export HOME

# workflow REPLICATIONS [OPTION...]
workflow()
{
    replications=$1
    shift
    snakemake -s "$ROOT/scripts/cluster/Snakefile" --cores 2 --nocolor "$@" --config scenario="$SCENARIOS/demo.yaml" \
        out="$work/all.h5" parts=5 kith="$KITH" options="--replications $replications --set population.families=7000"
}

running()
{
    kith_pid=$(ps -eo pid=,args= | awk -v part="$work/all.h5.parts/$1-of-5" '$2 ~ /kith$/ && $0 ~ part { print $1; exit }')
    [ -n "$kith_pid" ]
}

reference "$SCENARIOS/demo.yaml" --replications 2 --set population.families=7000
workflow 2 > first.log 2>&1 &
pid=$!
wait_for 60 running "[1-5]" || die "no part runs" first.log
kill -9 "$kith_pid"
wait $pid || die "the killed part was not tried again" first.log
grep -q 'Trying to restart' first.log || die "the kill was not noticed" first.log
same all.h5 "a part killed, tried again"

# The machine goes down: Snakemake and kith are gone at once.
rm -rf all.h5 all.h5.parts
workflow 2 > first.log 2>&1 &
pid=$!
wait_for 60 test -e all.h5.parts/done/1-of-5 -o -e all.h5.parts/done/2-of-5 -o -e all.h5.parts/done/3-of-5 || die "no part is complete" first.log
kill -9 $pid
wait $pid 2> /dev/null
while running "[1-5]"; do kill -9 "$kith_pid" 2> /dev/null; done
[ ! -e all.h5 ] || die "killed too late"
finished=$(find all.h5.parts/done -type f | wc -l)
say "Snakemake killed, $finished of 5 parts complete; unlocked, and the same command again"
expect 0 workflow 2 --unlock
expect 0 workflow 2 --rerun-incomplete
same all.h5 "Snakemake killed"
expect 0 workflow 2
grep -q 'Nothing to be done' "$work/log" || die "something was done again" "$work/log"
reference "$SCENARIOS/demo.yaml" --replications 3 --set population.families=7000
expect 0 workflow 3
same all.h5 "3 replications instead of 2"
echo "$reached digests equal"
