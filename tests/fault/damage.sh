#!/bin/sh
# Damages shards in every way a disk or a copy can: single bits, missing ends, holes, bytes too many, other shards under
# their names. `kith status` has to see it, `kith merge` to refuse, --resume to set the shard aside, to keep the cells that
# are intact and to give the right result.
#
# usage: tests/fault/damage.sh [PLACES]      40 by default, some hundred take minutes
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
places=${1-40}
tool damage
tool strike
small="$SCENARIOS/area.yaml --quiet --set population.families=240 --set population.areas=4 --trajectories all --replications 4"
must()
{
    "$@" > log 2>&1 || { echo "exit code $? of: $*"; tail -n 5 log; exit 1; }
}
# shellcheck disable=SC2086
{
    must "$KITH" run $small -o whole.h5
    must "$KITH" run $small -o part1 --shard 1/2
    must "$KITH" run $small -o part2 --shard 2/2
    must "$KITH" run $small -o other1 --shard 1/2 --seed 9
}
expected=$(digest whole.h5)
must "$KITH" merge part1 part2 -o merged.h5
[ "$(digest merged.h5)" = "$expected" ] || bad "the parts do not make the whole"

# Cells of a run that was stopped in good order (.shard) and of one that was killed (.tmp).
endless="$small --set population.families=2400 --replications 1000000"
for signal in TERM KILL; do
    n=0
    for delay in 250000 1000000 4000000; do # a busy machine takes longer to its first cells
        rm -rf $signal
        mkdir $signal
        # shellcheck disable=SC2086
        ./strike $signal $delay -f $signal/out.h5.cells report "$KITH" run $endless -o $signal/out.h5 --threads 1 > log 2>&1
        [ ! -e $signal/out.h5.cells ] || n=$(cells $signal/out.h5)
        [ "${n:-0}" -le 8 ] || break
    done
    [ "$n" -gt 8 ] || bad "only $n finished cells after SIG$signal" log
done
full_shard=$(find TERM/out.h5.cells -name '*.shard')
torn_shard=$(find KILL/out.h5.cells -name '*.tmp')
[ -e "$full_shard" ] || bad "no *.shard after SIGTERM: $(ls TERM/out.h5.cells)"
[ -e "$torn_shard" ] || bad "no *.tmp after SIGKILL: $(ls KILL/out.h5.cells)"
[ "$wrong" -eq 0 ] || finish
n_part=$(cells part1)

# ways FILE NUMBER: so many kinds of damage, each the arguments of ./damage, spread over the file
ways()
{
    wc -c < "$1" | awk -v n="$2" -v seed="${FAULT_SEED-1}" '
    # an offset in the i-th of k shares of the file
    function somewhere(i, k) { return int((i + rand()) * size / k) }
    {
        srand(seed); size = $1
        print "cut 0"; print "cut", size - 1; print "append 1"; print "append 1000"
        # the first and the last bytes, where formats keep what matters most
        k = int(n * 0.2 + 0.5); for (i = 0; i < k; i++) print "flip", int(i * 64 / k), int(rand() * 8)
        k = int(n * 0.15 + 0.5); for (i = 0; i < k; i++) print "flip", -1 - int(i * 48 / k), int(rand() * 8)
        k = int(n * 0.3 + 0.5); for (i = 0; i < k; i++) print "flip", somewhere(i, k), int(rand() * 8)
        k = int(n * 0.15 + 0.5); for (i = 0; i < k; i++) print "cut", somewhere(i, k)
        k = int(n * 0.1 + 0.5); for (i = 0; i < k; i++) print "zero", somewhere(i, k), 512
        k = int(n * 0.05 + 0.5); for (i = 0; i < k; i++) print "drop", somewhere(i, k), 1 + int(rand() * 300)
        k = int(n * 0.05 + 0.5); for (i = 0; i < k; i++) print "twice", somewhere(i, k), 1 + int(rand() * 300)
    }'
}

enough()
{
    [ "$wrong" -ge 40 ] || return 1
    echo "too much is wrong, the rest is not tried"
    finish
}

# ---- a part

part_kept=0 part_tried=0
ways part1 $((places / 2)) > list
while read -r way a b; do
    what="part, $way $a $b"
    rm -rf dir
    mkdir dir
    cp part1 dir/part
    # shellcheck disable=SC2086
    ./damage dir/part "$way" "$a" $b || { bad "$what: cannot be done"; continue; }
    if cmp -s part1 dir/part; then continue; fi # zeros where zeros were
    "$KITH" status dir/part > log 2>&1
    code=$?
    case $code in 74 | 75) ;; *) bad "$what: status: exit code $code" log ;; esac
    if [ "$way" = flip ] && [ "$a" -ge 0 ] && [ "$a" -lt 8 ]; then : # then it does not know that it is a shard
    elif [ "$(count damaged dir/part)" -gt 0 ] || says log damaged; then :
    else bad "$what: status does not say damaged" log
    fi
    kept=$(cells dir/part)
    "$KITH" merge dir/part part2 -o dir/merged.h5 > log 2>&1
    code=$?
    [ $code -eq 74 ] || bad "$what: merge: exit code $code" log
    says log dir/part damaged || says log dir/part 'no shard of kith' || bad "$what: merge does not name the part" log
    [ ! -e dir/merged.h5 ] || bad "$what: merge wrote a file"
    # shellcheck disable=SC2086
    $limit "$KITH" run $small -o dir/part --shard 1/2 --resume > log 2>&1
    code=$?
    if [ "$way" = flip ] && [ "$a" -ge 0 ] && [ "$a" -lt 8 ]; then
        # Without its first word it could be anybody's file, and is left alone.
        [ $code -eq 74 ] || bad "$what: --resume: exit code $code, expected 74" log
        [ ! -e dir/part.damaged ] || bad "$what: a file of unknown kind was set aside" log
        continue
    fi
    [ $code -eq 0 ] || bad "$what: --resume: exit code $code" log
    says log dir/part damaged || bad "$what: --resume does not name the part" log
    [ -e dir/part.damaged ] || bad "$what: no part.damaged: $(ls dir)" log
    "$KITH" merge dir/part part2 -o merged.h5 --overwrite > log 2>&1 || bad "$what: exit code $? of the merge" log
    [ "$(digest merged.h5)" = "$expected" ] || bad "$what: another digest"
    # One bit is in one record at most; what stands at the beginning may concern all.
    if [ "$way" = flip ] && [ "$a" -lt 0 ] && [ "$kept" -lt $((n_part - 1)) ]; then
        bad "$what: only $kept of $n_part cells are intact"
    fi
    echo "$way $a $b: $kept of $n_part cells kept" >> kept
    part_tried=$((part_tried + 1)) part_kept=$((part_kept + kept))
    ! enough || break
done < list
echo "part: damaged $part_tried times; on average $(awk -v a=$part_kept -v b=$part_tried 'BEGIN { printf "%.1f", b ? a / b : 0 }')" \
    "of $n_part cells intact"
row "damaged part" "bits, holes, missing ends, bytes too many" "$part_tried" "merge 74, --resume 0" "those damaged"

# ---- shards of a run that goes on

# The run is completed with fewer replications than it was begun with: fewer cells to simulate, the shards hold more than
# is asked for. Should that be refused, the number is what was there.
for signal in TERM KILL; do
    shard=$full_shard
    [ $signal = TERM ] || shard=$torn_shard
    all=$(cells $signal/out.h5)
    # as many replications as there are finished cells for, and one more
    replications=$(((all + 3) / 4 + 1))
    # shellcheck disable=SC2086
    must "$KITH" run $small --set population.families=2400 --replications $replications -o reference.h5 --overwrite
    reference=$(digest reference.h5)
    ways "$shard" $((places / 4)) > list
    count=0
    while read -r way a b; do
        what="$signal shard, $way $a $b"
        rm -rf dir
        cp -R $signal dir
        damaged=dir/${shard#*/}
        # shellcheck disable=SC2086
        ./damage "$damaged" "$way" "$a" $b || { bad "$what: cannot be done"; continue; }
        if cmp -s "$shard" "$damaged"; then continue; fi
        "$KITH" status dir/out.h5 > log 2>&1
        code=$?
        case $code in 74 | 75) ;; *) bad "$what: status: exit code $code" log ;; esac
        # The end of a killed process's shard is always in doubt; a whole one is expected to be whole.
        if [ $signal = TERM ] && [ "$(count damaged dir/out.h5)" -eq 0 ] && ! says log damaged && ! says log 'no shard of kith'; then
            bad "$what: status does not say damaged" log
        fi
        # shellcheck disable=SC2086
        $limit "$KITH" run $small --set population.families=2400 --replications $replications -o dir/out.h5 --resume > log 2>&1
        code=$?
        [ $code -eq 0 ] || bad "$what: --resume: exit code $code" log
        if [ $signal = TERM ]; then
            says log "${shard##*/}" damaged || bad "$what: --resume does not name the shard" log
        fi
        found=$(digest dir/out.h5)
        [ "$found" = "$reference" ] || bad "$what: digest ${found:-none}, expected $reference" log
        count=$((count + 1))
        ! enough || break
    done < list
    row "damaged cells of a run ended by SIG$signal" "bits, holes, missing ends, bytes too many" "$count" 0 "those damaged"
done

# ---- other shards

rm -rf dir
mkdir dir
# Cells of another seed as a part: not merged, not taken up, not lost.
"$KITH" merge other1 part2 -o dir/out.h5 > log 2>&1
code=$?
[ $code -eq 65 ] || bad "parts of two seeds: exit code $code" log
"$KITH" merge part1 part1 part2 -o dir/out.h5 > log 2>&1
code=$?
[ $code -eq 65 ] || bad "the same part twice: exit code $code" log
cp part1 again1
"$KITH" merge part1 part2 again1 -o dir/out.h5 > log 2>&1
code=$?
[ $code -eq 65 ] || bad "a copy of a part: exit code $code" log
"$KITH" merge part1 -o dir/out.h5 > log 2>&1
code=$?
[ $code -eq 75 ] || bad "a part missing: exit code $code" log
says log missing || bad "a part missing: does not say so" log
[ ! -e dir/out.h5 ] || bad "a merge that was refused wrote a file"
"$KITH" merge part2 part1 -o dir/out.h5 > log 2>&1 || bad "parts in another order: exit code $?" log
alone dir out.h5 "$expected" "parts in another order" log

cp other1 dir/part
# shellcheck disable=SC2086
"$KITH" run $small -o dir/part --shard 1/2 --resume > log 2>&1
code=$?
[ $code -eq 65 ] || bad "--resume of a part of another seed: exit code $code" log
cmp -s other1 dir/part || bad "--resume of a part of another seed: it was changed"

rm -rf dir
mkdir -p dir/out.h5.cells
cp part1 dir/out.h5.cells/foreign-name.shard
cp other1 dir/out.h5.cells/zzz.shard
# shellcheck disable=SC2086
"$KITH" run $small -o dir/out.h5 --resume > log 2>&1
code=$?
[ $code -eq 65 ] || bad "a shard of another seed among the cells: exit code $code" log
cmp -s other1 dir/out.h5.cells/zzz.shard || bad "a shard of another seed among the cells: it was changed"
rm -f dir/out.h5.cells/zzz.shard
# Cells count, not names; the same ones twice do no harm here, as when a resumed run was killed after it had copied some.
cp part1 dir/out.h5.cells/other-name.shard
# shellcheck disable=SC2086
"$KITH" run $small -o dir/out.h5 --resume > log 2>&1 || bad "shards with other names: exit code $?" log
alone dir out.h5 "$expected" "shards with other names" log

# The other job's part at the place of this one.
rm -rf dir
mkdir dir
cp part2 dir/part1
# shellcheck disable=SC2086
"$KITH" run $small -o dir/part1 --shard 1/2 --resume > log 2>&1
code=$?
case $code in
    0)
        # A part may hold more than was asked for, but what was asked for has to be in it.
        "$KITH" merge dir/part1 -o dir/out.h5 > log 2>&1 || "$KITH" merge dir/part1 part2 -o dir/out.h5 > log 2>&1 ||
            bad "another job's part, exit code 0: exit code $? of the merge" log
        [ "$(digest dir/out.h5)" = "$expected" ] || bad "another job's part: wrong" log ;;
    65 | 74) cmp -s part2 dir/part1 || bad "another job's part, exit code $code: it was changed" log ;;
    *) bad "another job's part: exit code $code" log ;;
esac
echo "another job's part at this one's place: exit code $code: $(tail -n 1 log)"
# Text, another program's file, nothing at all.
for foreign in "$FAULTS/damage.sh" whole.h5 /dev/null; do
    cp "$foreign" foreign
    "$KITH" merge foreign part2 -o dir/foreign.h5 > log 2>&1
    code=$?
    [ $code -eq 74 ] || bad "$foreign as a part: exit code $code" log
    says log foreign || bad "$foreign as a part: is not named" log
    "$KITH" status foreign > log 2>&1
    code=$?
    case $foreign-$code in *-74 | whole.h5-0) ;; *) bad "status of $foreign: exit code $code" log ;; esac
done
row "shards of another seed, job or name, foreign files, the same twice" made 11 "65, 74, 75" 0
[ ! -e kept ] || [ "${2-}" != kept ] || cat kept
finish
