#!/bin/sh
# Runs on a disk that becomes full: while cells are finished, while the file is put together, while a part is written. The
# exit code has to be 74 with a message, cells that were finished stay, and with room again --resume completes.
#
# The disk is a small file system in memory, for which Linux has to allow mounts in a namespace of one's own.
#
# usage: tests/fault/full-disk.sh
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
mkdir disk
if [ -z "${FAULT_INSIDE-}" ]; then
    # Root may do it as it is, others where the kernel lets users have namespaces.
    for how in '-m' '-rm'; do
        # shellcheck disable=SC2016 # for the inner shell
        if unshare $how sh -c 'mount -t tmpfs -o size=1m none "$1"' try "$work/disk" > /dev/null 2>&1; then
            FAULT_INSIDE=1 unshare $how sh "$FAULTS/full-disk.sh"
            exit
        fi
    done
    skip "no small file system can be mounted here"
fi
mount -t tmpfs -o size=64m none disk || skip "no small file system can be mounted here"
mounted=$work/disk

# leave KILOBYTES: so much remains free
leave()
{
    rm -rf disk/filler
    free=$(df -kP disk | awk 'NR == 2 { print $4 }')
    [ "$free" -le "$1" ] || dd if=/dev/zero of=disk/filler bs=1024 count=$((free - $1)) 2> /dev/null
}
size()
{
    du -k "$1" | awk '{ print $1 }'
}

small="$SCENARIOS/area.yaml --set population.families=4000 --set population.areas=40 --trajectories all --replications 2 --quiet"
# shellcheck disable=SC2086
"$KITH" run $small -o whole.h5 > log 2>&1 || { bad "exit code $? without a fault" log; finish; }
expected=$(digest whole.h5)
# shellcheck disable=SC2086
"$KITH" run $small -o all.part --shard 1/1 > log 2>&1 || { bad "exit code $? of a part that is all" log; finish; }
of_cells=$(size all.part) of_file=$(size whole.h5)
for i in 1 2; do
    # shellcheck disable=SC2086
    "$KITH" run $small -o part$i --shard $i/2 > log 2>&1 || bad "exit code $? of part $i" log
done

# full WHAT KILOBYTES FILE LEAST COMMAND...: with so much room the command has to fail, keeping at least LEAST cells and,
# if there was one, the file itself; and then, with room, to go on and complete. --resume is added, but to a merge.
full()
{
    what=$1 room=$2 file=$3 least=$4
    shift 4
    before=
    [ ! -e "disk/$file" ] || before=$(digest "disk/$file")
    leave "$room"
    for round in 1 2; do # the second time it is full from the start
        "$@" > log 2>&1
        code=$?
        [ $code -eq 74 ] || bad "$what: exit code $code" log
        says log 'no space left on device' "$file" || bad "$what: no file or reason in the message" log
        if [ -e "disk/$file" ]; then
            now=$(digest "disk/$file")
            [ "$now" = "$expected" ] || { [ -n "$now" ] && [ "$now" = "$before" ]; } || bad "$what: a wrong file" log
        elif [ -n "$before" ]; then
            bad "$what: the earlier file is gone" log
        fi
        kept=$(cells "disk/$file")
        [ "$kept" -ge "$least" ] || bad "$what: $kept finished cells were kept, at least $least expected" log
        least=$kept
        # A merge begins from its parts, which lie elsewhere; --overwrite starts again.
        case " $* " in
            *' merge '* | *' --overwrite '*) least=0 ;;
            *' --resume '*) ;;
            *) set -- "$@" --resume ;;
        esac
        [ "$round" -eq 2 ] || echo "$what: $kept cells kept with room for $room of $of_cells + $of_file kB"
    done
    rm -f disk/filler
    "$@" > log 2>&1 || bad "$what: exit code $? with room again" log
    if [ "$file" = out.h5 ]; then alone disk out.h5 "$expected" "$what" log
    else
        nothing_beside disk "$file" "$what" log
        "$KITH" merge "disk/$file" part2 -o merged.h5 --overwrite > log 2>&1 || bad "$what: exit code $? of the merge" log
        [ "$(digest merged.h5)" = "$expected" ] || bad "$what: another digest"
    fi
    rm -rf disk/*
    row "full disk, $what" "file system of limited size" 2 "74, then 0" 0
}

# shellcheck disable=SC2086
{
    full "from the beginning" 0 out.h5 0 "$KITH" run $small -o disk/out.h5
    full "after a tenth of the cells" $((of_cells / 10)) out.h5 3 "$KITH" run $small -o disk/out.h5
    full "after half of the cells, two threads" $((of_cells / 2)) out.h5 30 "$KITH" run $small -o disk/out.h5 --threads 2
    full "at the last cells" $((of_cells - 8)) out.h5 60 "$KITH" run $small -o disk/out.h5 --threads 1
    full "when the file is begun" $((of_cells + 24)) out.h5 80 "$KITH" run $small -o disk/out.h5
    full "when the file is half written" $((of_cells + of_file / 2)) out.h5 80 "$KITH" run $small -o disk/out.h5
    full "at the end of the file" $((of_cells + of_file - 16)) out.h5 80 "$KITH" run $small -o disk/out.h5
    full "at a part's cells" $((of_cells / 4)) part 15 "$KITH" run $small -o disk/part --shard 1/2
    full "at a part's end" $((of_cells * 3 / 4)) part 40 "$KITH" run $small -o disk/part --shard 1/2
    full "at a merge" $((of_file / 2)) out.h5 0 "$KITH" merge part1 part2 -o disk/out.h5
    "$KITH" run $small --seed 5 -o disk/out.h5 > log 2>&1 || bad "exit code $? without a fault" log
    full "over an older file" $((of_cells + of_file / 2)) out.h5 0 "$KITH" run $small -o disk/out.h5 --overwrite
}
finish
