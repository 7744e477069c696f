#!/bin/sh
# Parts of a run: in any order, with any number of threads, merged in any order, they give the digest of one run; a
# merge refuses what does not belong together; parts grow with more replications.
# shellcheck disable=SC1091,SC2154 # lib/common.sh
set -u
. "$(dirname "$0")/lib/common.sh"
cd "$work" || exit 1
runs=0

# parts SCENARIO N ORDER ARGUMENT...: runs the parts in this order into parts/
parts()
{
    scenario=$1 n=$2 order=$3
    shift 3
    for i in $order; do
        expect 0 "$KITH" run "$SCENARIOS/$scenario.yaml" -o "parts/$i.shard" --shard "$i/$n" --threads $((i % 3 + 1)) --quiet "$@"
        runs=$((runs + 1))
    done
}

# ---- any order: many areas; few cells with every event kept; coupled families
for case in "demo --replications 2 --set population.families=7000" \
    "illness-death --replications 9 --set population.families=1000 --trajectories all" \
    "district --replications 2 --set population.families=4000 --set population.areas=9"; do
    # shellcheck disable=SC2086
    set -- $case
    scenario=$1
    shift
    reference "$SCENARIOS/$scenario.yaml" "$@"
    rm -rf parts
    mkdir parts
    parts "$scenario" 7 "3 7 1 6 2 5 4" "$@"
    expect 0 "$KITH" merge parts/6.shard parts/2.shard parts/7.shard parts/1.shard parts/3.shard parts/5.shard parts/4.shard -o merged.h5
    same merged.h5 "$scenario, 7 parts"
    expect 0 "$KITH" merge parts -o merged.h5 --overwrite
    same merged.h5 "$scenario, a directory of parts"
    rm -f merged.h5
done

# ---- more parts than cells: 4 cells in 6 parts
set -- --replications 2 --set population.families=500
reference "$SCENARIOS/illness-death.yaml" "$@"
rm -rf parts
mkdir parts
parts illness-death 6 "6 5 4 3 2 1" "$@"
expect 0 "$KITH" merge parts -o merged.h5
same merged.h5 "more parts than cells"
rm -f merged.h5

# ---- a merge that has to be refused leaves nothing
mkdir other
expect 0 "$KITH" run "$SCENARIOS/illness-death.yaml" -o other/1.shard --shard 1/6 --quiet --seed 7 "$@"
expect 65 "$KITH" merge other/1.shard parts/2.shard parts/3.shard parts/4.shard parts/5.shard parts/6.shard -o merged.h5
# One that has cells is given twice, then not at all, then damaged.
for i in 1 2 3 4 5 6; do
    [ "$(status_number finished "parts/$i.shard")" -gt 0 ] && lost=$i
done
others=
for i in 1 2 3 4 5 6; do
    [ "$i" = "$lost" ] || others="$others parts/$i.shard"
done
cp "parts/$lost.shard" twice.shard
expect 65 "$KITH" merge parts twice.shard -o merged.h5
# shellcheck disable=SC2086 # a list of words
expect 75 "$KITH" merge $others -o merged.h5
[ -s "$work/log" ] || die "merge does not say what is missing"
[ ! -e merged.h5 ] || die "a refused merge has written"
# shellcheck disable=SC2086
expect 0 "$KITH" merge $others -o partial.h5 --partial
expect 0 "$KITH" summary partial.h5
size=$(wc -c < "parts/$lost.shard")
cp "parts/$lost.shard" damaged.shard
printf '\377\000\377' | dd of=damaged.shard bs=1 seek=$((size / 2)) conv=notrunc 2> /dev/null
cmp -s damaged.shard "parts/$lost.shard" && die "not damaged"
# shellcheck disable=SC2086
expect 74 "$KITH" merge $others damaged.shard -o merged.h5
grep -q damaged.shard "$work/log" || die "merge does not say which part is damaged" "$work/log"
say "refused: the same part twice, another seed, a missing part (unless --partial), a damaged part"

# ---- the same command again: nothing to do; with another seed: refused; with more replications: the rest only
cp parts/1.shard before
expect 0 "$KITH" run "$SCENARIOS/illness-death.yaml" -o parts/1.shard --shard 1/6 --quiet --resume "$@"
cmp -s before parts/1.shard || die "a complete part was changed"
expect 65 "$KITH" run "$SCENARIOS/illness-death.yaml" -o parts/1.shard --shard 1/6 --quiet --resume --seed 7 "$@"
expect 74 "$KITH" run "$SCENARIOS/illness-death.yaml" -o parts/1.shard --shard 1/6 --quiet "$@"
cmp -s before parts/1.shard || die "a part was changed by a run that was refused"
set -- --replications 20 --set population.families=500
reference "$SCENARIOS/illness-death.yaml" "$@"
parts illness-death 6 "2 1 4 3 6 5" --resume "$@"
expect 0 "$KITH" merge parts -o merged.h5
same merged.h5 "grown from 2 to 20 replications"

# ---- stopped by time, twice, then completed
rm -rf parts merged.h5
mkdir parts
set -- --replications 4 --set population.families=14000
reference "$SCENARIOS/demo.yaml" "$@"
last=0
for _ in 1 2; do
    expect 75 "$KITH" run "$SCENARIOS/demo.yaml" -o parts/1.shard --shard 1/2 --max-time 1s --threads 1 --resume "$@"
    now=$(status_number finished parts/1.shard)
    [ "$now" -gt "$last" ] || die "no cell more than $last after --max-time" "$work/log"
    last=$now
done
parts demo 2 "2" "$@"
expect 0 "$KITH" run "$SCENARIOS/demo.yaml" -o parts/1.shard --shard 1/2 --resume "$@"
already "$last"
expect 0 "$KITH" merge parts -o merged.h5
same merged.h5 "a part stopped twice by --max-time ($last of $(status_number cells parts/1.shard) cells by then)"

echo "$reached digests equal, $((runs + 3)) parts run"
