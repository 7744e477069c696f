#!/bin/sh
# Lets every system call of a small run go wrong in turn: it fails, is cut short, the process is killed there, or the power
# fails. The program has to say which file and why and to end with the documented exit code, must never leave a wrong
# file, and the next --resume has to give the right result with the cells that were finished.
#
# usage: tests/fault/inject.sh [TRIALS]      60 by default; `all`: at most 40 places of each kind of call and fault
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
trials=${1-60}
inject_library
top=$work/top # calls on files below this count
mkdir top parts
small="$SCENARIOS/area.yaml --quiet --set population.families=120 --set population.areas=4 --trajectories all --set time.counted=2years"
more="--replications 3 --threads 1"

# What may go wrong with each kind of call, and for how many calls in a row.
kinds='
write    ENOSPC-all EIO-1 EDQUOT-all SHORT-1 SHORT-all EINTR-1 KILL-1 TORN-1 POWER-1 ZEROS-1 TERM-1
fsync    EIO-1 ENOSPC-all KILL-1 POWER-1 ZEROS-1
rename   EIO-1 EROFS-all ENOSPC-all KILL-1 POWER-1 ZEROS-1
open     ENOSPC-all EROFS-all EMFILE-1 EACCES-1 KILL-1
openr    EIO-1 EMFILE-1
truncate EIO-1 ENOSPC-all KILL-1
close    EIO-1 EDQUOT-1 POWER-1
mkdir    ENOSPC-all EROFS-all KILL-1
unlink   EIO-1 EROFS-all KILL-1 POWER-1
lock     ENOLCK-all ENOSYS-all
flock    ENOSYS-all ENOLCK-all EINVAL-all
read     EIO-1 SHORT-all EINTR-1 KILL-1'

reason()
{
    case $1 in
        ENOSPC) echo 'No space left on device' ;;
        EIO) echo 'Input/output error' ;;
        EDQUOT) echo 'Disk quota exceeded' ;;
        EROFS) echo 'Read-only file system' ;;
        EMFILE) echo 'Too many open files' ;;
        EACCES) echo 'Permission denied' ;;
        ENOLCK) echo 'No locks available' ;;
        ENOSYS) echo 'Function not implemented' ;;
        EINVAL) echo 'Invalid argument' ;;
        EINTR) echo 'Interrupted system call' ;;
    esac
}

# What is tried. Each begins from what `prepared_X` makes of the empty directory top/dir, and results in $file.
#   run        a first run                     threads    the same with two threads, where the order of calls varies
#   resume     a run that takes up what a killed one left
#   grow       more replications for a file that is complete
#   overwrite  in the place of an older file
#   shard      one part                        merge      parts to one file
operations='run threads resume grow overwrite shard merge'

# perform OPERATION faulty|again PREFIX...: runs it; `again` is how one goes on after a fault
perform()
{
    operation=$1 how=$2
    shift 2
    again=
    [ "$how" = again ] && again=--resume
    # shellcheck disable=SC2086
    case $operation in
        run) "$@" "$KITH" run $small $more -o top/dir/out.h5 $again ;;
        threads) "$@" "$KITH" run $small --replications 3 --threads 2 -o top/dir/out.h5 $again ;;
        resume | grow) "$@" "$KITH" run $small $more -o top/dir/out.h5 --resume ;;
        overwrite) "$@" "$KITH" run $small $more -o top/dir/out.h5 --overwrite ;;
        shard) "$@" "$KITH" run $small $more -o top/dir/part --shard 1/2 $again ;;
        merge)
            # A fault after the file was in its place leaves it there, complete.
            again=
            if [ "$how" = again ] && [ -e top/dir/out.h5 ]; then again=--overwrite; fi
            "$@" "$KITH" merge top/parts/1 top/parts/2 -o top/dir/out.h5 $again ;;
    esac
}

prepare()
{
    rm -rf top/dir
    mkdir top/dir
    file=out.h5 earlier=
    case $1 in
        resume) cp -R halfway/. top/dir ;;
        grow) cp less.h5 top/dir/out.h5 && earlier=$digest_less ;;
        overwrite) cp other.h5 top/dir/out.h5 && earlier=$digest_other ;;
        shard) file=part ;;
    esac
}

# right WHAT [litter]: the result has to be there, right, and without `litter` alone
right()
{
    set -- "$1" "${2-}"
    if [ "$file" = part ]; then
        [ "$2" ] || nothing_beside top/dir part "$1" log
        "$KITH" merge top/dir/part top/parts/2 -o merged.h5 --overwrite > log.merge 2>&1 ||
            bad "$1: exit code $? of the merge" log.merge
        [ "$(digest merged.h5)" = "$expected" ] || bad "$1: another digest"
    else
        [ "$(digest top/dir/out.h5)" = "$expected" ] || bad "$1: another digest" log
        [ "$2" ] || nothing_beside top/dir out.h5 "$1" log
    fi
}

# ---- what the faults are tried on

must()
{
    "$@" > log 2>&1 || { echo "exit code $? of: $*"; tail -n 5 log; exit 1; }
}
# shellcheck disable=SC2086
{
    must "$KITH" run $small $more -o whole.h5
    must "$KITH" run $small --replications 2 -o less.h5
    must "$KITH" run $small $more --seed 77 -o other.h5
    mkdir top/parts
    must "$KITH" run $small $more -o top/parts/1 --shard 1/2
    must "$KITH" run $small $more -o top/parts/2 --shard 2/2
}
expected=$(digest whole.h5) digest_less=$(digest less.h5) digest_other=$(digest other.h5)
[ -n "$expected" ] || { echo "no digest"; exit 1; }

# trace OPERATION: its calls, one a line, without any fault
trace()
{
    rm -f "trace.$1"
    perform "$1" faulty env LD_PRELOAD="$work/inject.so" FAULT_PATH="$top" FAULT_TRACE="$work/trace.$1" > log 2>&1 ||
        bad "$1: exit code $? without a fault" log
}
prepare run
trace run
right "run without a fault"
# Half of the cells are finished when this one is killed.
middle=$(awk '$1 == "write" && /\.cells\// { n = $2 } END { print int(n / 2) + 1 }' trace.run)
prepare run
perform run faulty env LD_PRELOAD="$work/inject.so" FAULT_PATH="$top" FAULT_CALL=write FAULT_AT="$middle" FAULT_DO=KILL \
    > log 2>&1
mv top/dir halfway
[ "$(cells halfway/out.h5)" -gt 0 ] || bad "no finished cells in a run killed at its write $middle" log
for operation in $operations; do
    prepare "$operation"
    [ "$operation" = run ] || trace "$operation"
    # What is not at its new name yet must not be removed from its old place: the directory is synced in between.
    awk -v operation="$operation" -v file="$top/dir/$file" '
        $1 == "rename" && $NF == file { renamed = 1 }
        renamed && $1 == "fsync" && index(file, $3 "/") == 1 { synced = 1 }
        renamed && !synced && $1 == "unlink" && index($3, file ".cells/") == 1 && /\.(shard|tmp)$/ { early = 1 }
        END { if (early) print operation ": cells are removed before the rename of the result is synced"
              if (!renamed) print operation ": the result was not renamed to its place" }' "trace.$operation" > order
    [ ! -s order ] || bad "$(cat order)"
done

# ---- the trials

# Each: OPERATION CALL NUMBER FAULT TIMES. Either some places of each kind of call, or of every kind one.
for operation in $operations; do
    echo "$kinds" | while read -r call faults; do
        [ -n "$call" ] || continue
        n=$(grep -c "^$call " "trace.$operation")
        for fault in $faults; do echo "$operation $call $n ${fault%-*} ${fault#*-}"; done
    done
done | awk -v seed="${FAULT_SEED-1}" -v trials="$trials" '
    BEGIN { srand(seed) }
    $3 > 0 {
        # All calls at once are only worth trying from the first one on.
        places = trials != "all" || ($4 == "SHORT" && $5 == "all") || $2 == "lock" || $2 == "flock" ? 1 : $3 < 40 ? $3 : 40
        for (i = 0; i < places; i++) {
            at = places > 1 ? 1 + int(i * ($3 - 1) / (places - 1) + 0.5) : 1 + int(rand() * $3)
            if ($5 == "all" && (places == 1 && ($4 == "SHORT" || $2 == "lock" || $2 == "flock"))) at = 1
            print $1, $2, at, $4, $5
        }
    }' > list.all
if [ "$trials" = all ]; then cp list.all list
else
    awk -v n="$(wc -l < list.all)" -v trials="$trials" 'int(NR * trials / n) > int((NR - 1) * trials / n)' list.all > list
fi
: > results

while read -r operation call at fault times; do
    what="$operation, $call $at $fault ($times)"
    prepare "$operation"
    before=$(cells "top/dir/$file")
    rm -f struck
    # shellcheck disable=SC2086
    perform "$operation" faulty $limit env LD_PRELOAD="$work/inject.so" FAULT_PATH="$top" FAULT_LOG="$work/struck" \
        FAULT_CALL="$call" FAULT_AT="$at" FAULT_FOR="$times" FAULT_DO="$fault" > log 2>&1 < /dev/null
    code=$?
    if [ ! -e struck ]; then # with two threads the calls are not always the same
        [ "$operation" = threads ] || bad "$what: there was no such call" log
        continue
    fi
    where=$(awk 'NR == 1 { print $3 }' struck)

    # Is the file in its place right, whatever happened?
    if [ "$file" = out.h5 ] && [ -e top/dir/out.h5 ]; then
        found=$(digest top/dir/out.h5)
        case $found in
            '') bad "$what: exit code $code, and an unreadable file" log ;;
            "$expected" | "$earlier") ;;
            *) bad "$what: exit code $code, and a wrong file" log ;;
        esac
    elif [ -n "$earlier" ]; then
        bad "$what: exit code $code, and the earlier file is gone" log
    fi

    # Is the exit code one of those documented, with a message?
    case $fault-$code in
        KILL-137 | TORN-137 | POWER-137 | ZEROS-137 | SHORT-0 | EINTR-0 | TERM-75 | TERM-0) ;;
        KILL-* | TORN-* | POWER-* | ZEROS-* | SHORT-* | TERM-*) bad "$what: exit code $code ($where)" log ;;
        *-74 | *-71)
            case $call in lock | flock) bad "$what: exit code $code; locks may be missing" log ;; esac
            says log "$(reason "$fault")" "$file" || says log "$(reason "$fault")" "${where##*/}" ||
                bad "$what: exit code $code without file or reason ($where)" log ;;
        *-0)
            # A write that failed cannot have been harmless, unless what was to be written was not a result.
            case $call-$where in *lock) ;; write-*) bad "$what: nobody noticed ($where)" log ;; esac ;;
        *) bad "$what: exit code $code ($where)" log ;;
    esac
    if [ $code -eq 0 ]; then
        # What cannot be removed, or looked for, is left for the next time.
        case $call in
            unlink | openr) right "$what: exit code 0" litter ;;
            *) right "$what: exit code 0" ;;
        esac
    fi

    # What was finished is kept: all of it when the result was already being put together.
    kept=$(cells "top/dir/$file")
    case $fault-$operation in
        POWER-* | ZEROS-* | *-overwrite) ;; # what an older file has is not of this run
        *)
            [ "$kept" -ge "$before" ] || bad "$what: $before finished cells before, $kept after ($where)" log
            case $operation-$where in
                merge-* | shard-*) ;;
                *.h5.tmp) [ "$kept" -eq 12 ] || bad "$what: only $kept of 12 cells kept ($where)" log ;;
            esac ;;
    esac

    # Without the fault it goes on.
    # shellcheck disable=SC2086
    perform "$operation" again $limit > log 2>&1 < /dev/null
    again=$?
    [ $again -eq 0 ] || bad "$what: exit code $again when it went on ($where)" log
    right "$what, went on"
    echo "$operation $call $fault $code $kept" >> results
    [ "$wrong" -lt 60 ] || { bad "too much is wrong, the rest is not tried"; break; }
done < list

# ---- every write of the file, once

# A library that keeps data back may notice a failed write only when it closes something. (The digest covers results, not
# everything that the file says.)
n=$(grep -c '^write ' trace.merge)
step=$((n / 25 + 1))
[ "$trials" != all ] || step=1
at=1 missed=0 looked=0
while [ $at -le "$n" ]; do
    prepare merge
    # shellcheck disable=SC2086
    perform merge faulty $limit env LD_PRELOAD="$work/inject.so" FAULT_PATH="$top" FAULT_CALL=write FAULT_AT=$at \
        FAULT_DO=EIO > log 2>&1 < /dev/null
    code=$?
    looked=$((looked + 1))
    if [ $code -ne 74 ]; then
        missed=$((missed + 1))
        [ $missed -gt 5 ] || bad "merge, write $at EIO: exit code $code, nobody noticed" log
    fi
    at=$((at + step))
done
[ $missed -eq 0 ] || bad "$missed of $looked failed writes were not noticed"
row "EIO at write, once, of a merge" "injected" "$looked" 74 "in hand"

# ---- what was found
awk '{ n[$3 " " $2]++; codes[$3 " " $2] = codes[$3 " " $2] " " $4 }
    END { for (k in n) print k, n[k] codes[k] }' results | sort > summary
while read -r fault call n list; do
    # shellcheck disable=SC2086
    row "$fault at $call" "injected" "$n" "$(printf '%s\n' $list > codes.list; codes codes.list)" "in hand"
done < summary
echo "$(wc -l < results | tr -d ' ') of $(wc -l < list.all | tr -d ' ') faults tried, $wrong wrong"
finish
