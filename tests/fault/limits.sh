#!/bin/sh
# Runs where something is forbidden, missing, limited or in the way: a read-only directory, limits of file size and memory,
# an output that exists, another run on the same output, a clock that jumps, locks that the file system does not have,
# closed or full standard streams.
#
# usage: tests/fault/limits.sh
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
small="$SCENARIOS/area.yaml --set population.families=3000 --set population.areas=10 --trajectories all --replications 2"
# shellcheck disable=SC2086
"$KITH" run $small -o whole.h5 --quiet > log 2>&1 || { bad "exit code $? without a fault" log; finish; }
expected=$(digest whole.h5)

# begin: an empty directory
begin()
{
    rm -rf dir
    mkdir dir
}

# go_on WHAT: --resume without the fault gives the right result
go_on()
{
    # shellcheck disable=SC2086
    "$KITH" run $small -o dir/out.h5 --resume > log 2>&1 || bad "$1: exit code $? of --resume" log
    alone dir out.h5 "$expected" "$1" log
}

# ---- a directory that cannot be written

# Root may write everywhere, but not on a file system that is mounted read-only.
read_only()
{
    mkdir -p disk
    mount -t tmpfs -o size=512m none disk || return 77
    mounted=$work/disk
    # shellcheck disable=SC2086
    {
        "$KITH" run $small -o disk/out.h5 --replications 20000 --max-time 1s --quiet > log 2>&1
        code=$?
        [ $code -eq 75 ] || bad "read-only: exit code $code of --max-time" log
        before=$(cells disk/out.h5)
        mount -o remount,ro disk || return 77
        for more in '' --resume --overwrite; do
            "$KITH" run $small -o disk/out.h5 --replications 20000 $more > log 2>&1
            code=$?
            [ $code -eq 74 ] || bad "read-only $more: exit code $code" log
            [ -z "$more" ] || says log 'read-only file system' out.h5 || bad "read-only $more: no file or reason" log
        done
        "$KITH" run $small -o disk/new.h5 > log 2>&1
        code=$?
        [ $code -eq 74 ] || bad "read-only: exit code $code" log
        says log 'read-only file system' new.h5 || bad "read-only: no file or reason" log
        after=$(cells disk/out.h5)
        [ "$after" -eq "$before" ] || bad "read-only: status finds $after of $before cells" log
        mount -o remount,rw disk || return 77
        rm -rf disk/out.h5.cells
        "$KITH" run $small -o disk/out.h5 > log 2>&1 || bad "read-only: exit code $? when it can be written again" log
        alone disk out.h5 "$expected" read-only log
    }
    row "read-only file system" "remounted" 4 "74, then 0" 0
}
if [ "${1-}" = read-only ]; then # started below, where mounts are allowed
    read_only || exit
    finish
fi
how=
if unshare -m sh -c 'mount -t tmpfs none /mnt' > /dev/null 2>&1; then how=-m
elif unshare -rm sh -c 'mount -t tmpfs none /mnt' > /dev/null 2>&1; then how=-rm
fi
if [ "$how" ]; then
    unshare "$how" sh "$FAULTS/limits.sh" read-only > log.read-only 2>&1
    code=$?
    [ $code -ne 77 ] || echo "NOT TRIED: read-only file system: a mount failed"
    [ $code -eq 0 ] || [ $code -eq 77 ] || bad "read-only file system" log.read-only
    grep '^| read-only' log.read-only >> table
else
    echo "NOT TRIED: read-only file system: no mounts are allowed here"
fi
if [ "$(id -u)" -ne 0 ]; then
    begin
    chmod 555 dir
    # shellcheck disable=SC2086
    "$KITH" run $small -o dir/out.h5 > log 2>&1
    code=$?
    chmod 755 dir
    [ $code -eq 74 ] || bad "directory without permission: exit code $code" log
    says log 'permission denied' out.h5 || bad "directory without permission: no file or reason" log
    go_on "directory without permission"
fi

# ---- files may only become so long

file_codes=
for kilobytes in 0 4 40 100 400; do
    begin
    # A shell counts in blocks of 512 or 1024 bytes.
    # shellcheck disable=SC2086
    (ulimit -f $kilobytes && exec "$KITH" run $small -o dir/out.h5 --quiet) 2>&1 | cat > log
    # The pipe hides the exit code, but is not a file: the message is not cut off.
    # shellcheck disable=SC2086
    (ulimit -f $kilobytes && exec "$KITH" run $small -o dir/out.h5 --quiet --resume) > /dev/null 2>&1
    code=$?
    file_codes="$file_codes $code"
    if [ $code -eq 0 ]; then
        [ $kilobytes -ge 100 ] || bad "file-size limit $kilobytes: exit code 0"
    else
        [ $code -eq 74 ] || bad "file-size limit $kilobytes: exit code $code" log
        says log 'file too large' out.h5 || bad "file-size limit $kilobytes: no file or reason" log
    fi
    go_on "file-size limit $kilobytes"
done
# shellcheck disable=SC2086
row "file-size limit" "ulimit -f 0, 4, 40, 100, 400" 5 "$(printf '%s\n' $file_codes > codes.list; codes codes.list), then 0" 0

# ---- little memory

# What the program needs to start at all: below, the system's loader fails, in its own way.
starts=0
for megabytes in 4 8 12 16 20 24 28 32 40 48 56 64 80 96 112 128 160 192 224 256; do
    # shellcheck disable=SC3045 # where a shell has no -v, nothing starts
    if (ulimit -v $((megabytes * 1024)) && exec "$KITH" help) > /dev/null 2>&1; then
        starts=$megabytes
        break
    fi
done
if [ $starts -eq 0 ]; then
    echo "NOT TRIED: little memory: ulimit -v does not work here"
else
    : > memory
    big="$SCENARIOS/area.yaml --set population.families=60000 --set population.areas=3 --trajectories all --replications 1 --quiet"
    # shellcheck disable=SC2086
    "$KITH" run $big -o big.h5 > log 2>&1 || bad "exit code $? without a fault" log
    big_digest=$(digest big.h5)
    for threads in 1 2; do
        for more in -4 0 3 8 16 32 64 160 400; do
            begin
            limit_mb=$((starts + more))
            # shellcheck disable=SC2086,SC3045
            (ulimit -v $((limit_mb * 1024)) && exec "$KITH" run $big -o dir/out.h5 --threads $threads) > log 2>&1
            code=$?
            echo $code >> memory
            what="$limit_mb MB of memory, $threads threads"
            case $code in
                0) ;;
                71) says log memory || bad "$what: exit code 71 without saying why" log ;;
                134 | 139 | 136 | 135 | 124) bad "$what: exit code $code" log ;;
                *) [ $more -lt 0 ] || echo "$what: exit code $code: $(tail -n 1 log)" ;;
            esac
            if [ $code -ne 0 ] && [ -e dir/out.h5 ]; then bad "$what: exit code $code, but there is a file" log; fi
            # shellcheck disable=SC2086
            "$KITH" run $big -o dir/out.h5 --resume > log 2>&1 || bad "$what: exit code $? of --resume" log
            alone dir out.h5 "$big_digest" "$what" log
        done
    done
    grep -q '^71$' memory || bad "no run was short of memory"
    grep -q '^0$' memory || bad "every run was short of memory"
    row "little memory" "ulimit -v, $starts MB (where the program starts) to $((starts + 400)) MB" "$(wc -l < memory | tr -d ' ')" \
        "$(codes memory), then 0" 0
fi

# ---- something is there already

# refused WHAT CODE-LIST WORD...: the run has just ended with $code, which has to be in the list, saying these words
refused()
{
    what=$1 allowed=$2
    shift 2
    case " $allowed " in *" $code "*) ;; *) bad "$what: exit code $code, expected $allowed" log ;; esac
    [ "$code" -eq 0 ] || says log "$@" || bad "$what: the message lacks one of: $*" log
}
# try_run OPTION...: must not hang either
try_run()
{
    # shellcheck disable=SC2086
    $limit "$KITH" run $small -o dir/out.h5 --quiet "$@" > log 2>&1 < /dev/null
    code=$?
}

begin
cp whole.h5 dir/out.h5
try_run --seed 3
refused "an output exists" 74 out.h5 --resume --overwrite
alone dir out.h5 "$expected" "an output exists" log
try_run --seed 3 --overwrite
refused "--overwrite" 0
found=$(digest dir/out.h5)
case $found in '' | "$expected") bad "--overwrite: the old file is still there" ;; esac
try_run --resume --overwrite
refused "--resume with --overwrite" 2 --resume --overwrite

begin
try_run --replications 100000 --max-time 1s
refused "--max-time" 75 resume
before=$(cells dir/out.h5)
try_run --replications 100000
refused "cells of a stopped run exist" 74 out.h5 --resume --overwrite
[ "$(cells dir/out.h5)" -eq "$before" ] || bad "cells of a stopped run exist: $before before, $(cells dir/out.h5) after"
try_run --overwrite
refused "--overwrite of cells" 0
alone dir out.h5 "$expected" "--overwrite of cells" log

begin
mkdir dir/out.h5
echo precious > dir/out.h5/thesis
for more in '' --resume --overwrite; do
    # shellcheck disable=SC2086
    try_run $more
    refused "the output is a directory $more" 74 out.h5
    [ "$(cat dir/out.h5/thesis)" = precious ] || bad "the output is a directory $more: what was in it is gone"
done

begin
echo precious > dir/out.h5
for more in '' --resume; do
    # shellcheck disable=SC2086
    try_run $more
    refused "a foreign file $more" '74 65' out.h5
    [ "$(cat dir/out.h5)" = precious ] || bad "a foreign file $more: it is gone"
done
try_run --overwrite
refused "a foreign file --overwrite" '0 74' out.h5
[ $code -ne 0 ] || alone dir out.h5 "$expected" "a foreign file --overwrite" log

begin
: > dir/out.h5
try_run --resume
refused "an empty file --resume" '0 74 65' out.h5
[ $code -ne 0 ] || alone dir out.h5 "$expected" "an empty file --resume" log

begin
cp whole.h5 dir/out.h5
dd if=whole.h5 of=dir/out.h5 bs=1024 count=40 2> /dev/null
try_run --resume
refused "half a file --resume" '0 74' out.h5
[ $code -ne 0 ] || [ "$(digest dir/out.h5)" = "$expected" ] || bad "half a file --resume: wrong" log

begin
mkfifo dir/out.h5
for more in '' --resume; do
    # shellcheck disable=SC2086
    try_run $more
    refused "a named pipe $more" '74 65' out.h5
    [ -p dir/out.h5 ] || bad "a named pipe $more: it is gone"
done
try_run --overwrite
refused "a named pipe --overwrite" '0 74' out.h5

begin
echo precious > dir/out.h5.cells
for more in '' --resume; do
    # shellcheck disable=SC2086
    try_run $more
    refused "a file where the cells would be $more" 74 out.h5.cells
    [ "$(cat dir/out.h5.cells)" = precious ] || bad "a file where the cells would be $more: it is gone"
done

begin
mkdir dir/elsewhere
ln -s elsewhere/result.h5 dir/out.h5
try_run
refused "a link to nowhere" '0 74' out.h5
[ $code -ne 0 ] || [ "$(digest dir/out.h5)" = "$expected" ] || bad "a link to nowhere: no result" log

begin
# shellcheck disable=SC2086
"$KITH" run $small -o dir/nowhere/out.h5 > log 2>&1
code=$?
refused "no such directory" 74 nowhere 'no such file or directory'
row "the output exists, is a directory, a foreign file, a pipe, a link; no directory" "made" 17 "74, 65; 0 with --overwrite" 0

# ---- two runs on one output

begin
long="$SCENARIOS/demo.yaml --set population.families=13820 --replications 1 --threads 1"
# shellcheck disable=SC2086
{
    "$KITH" run $long -o long.h5 --quiet > log 2>&1 || bad "exit code $? without a fault" log
    "$KITH" run $long -o dir/out.h5 --quiet > log.first 2>&1 &
}
first=$!
children=$first
while [ ! -e dir/out.h5.cells/lock ] && kill -0 $first 2> /dev/null; do sleep 0.02; done
sleep 0.2
for more in '' --resume --overwrite; do
    # shellcheck disable=SC2086
    "$KITH" run $long -o dir/out.h5 $more > log 2>&1
    code=$?
    refused "a second run $more" 74 out.h5 "$(uname -n)" $first
done
"$KITH" status dir/out.h5 > log 2>&1
code=$?
refused "status while a run goes on" 75
says log $first || bad "status while a run goes on: does not name the process" log
kill -0 $first 2> /dev/null || bad "the first run was over before the second was tried"
wait $first || bad "the first of two runs: exit code $?" log.first
children=
alone dir out.h5 "$(digest long.h5)" "the first of two runs" log.first
row "a second run on the same output" "started beside it" 3 "74; the first 0" 0

# ---- what can only be injected

( inject_library ) > log 2>&1 || { echo "NOT TRIED: $(tail -n 1 log)"; finish; }

# The clock is years wrong, in both directions, by turns. The monotonic clock is right, and limits go by it.
clock="120:158000000,-315000000,0"
begin
# shellcheck disable=SC2086
{
    LD_PRELOAD=$work/inject.so FAULT_CLOCK=$clock "$KITH" run $long -o dir/out.h5 --max-time 1h > log 2>&1 ||
        bad "a clock that jumps: exit code $?" log
    alone dir out.h5 "$(digest long.h5)" "a clock that jumps" log
    begin
    LD_PRELOAD=$work/inject.so FAULT_CLOCK=$clock $limit "$KITH" run $small --replications 100000 -o dir/out.h5 --quiet \
        --max-time 1s > log 2>&1
    code=$?
    refused "a clock that jumps, --max-time" 75
    LD_PRELOAD=$work/inject.so FAULT_CLOCK=$clock "$KITH" run $small --replications 2 -o new.h5 > log 2>&1 ||
        bad "a clock that jumps: exit code $?" log
    [ "$(digest new.h5)" = "$expected" ] || bad "a clock that jumps: another digest"
    begin
    LD_PRELOAD=$work/inject.so FAULT_PATH=$work/dir FAULT_CALL=write FAULT_AT=12 FAULT_DO=KILL FAULT_CLOCK=1000:600000000 \
        "$KITH" run $small -o dir/out.h5 --quiet > log 2>&1
}
# What was left is from the future.
go_on "cells from the future"
row "a clock that jumps by years" "injected" 4 "0, 75" 0

# Some network file systems have no locks, of one kind or any.
for call in lock flock; do
    for reason in ENOSYS ENOLCK; do
        begin
        # shellcheck disable=SC2086
        LD_PRELOAD=$work/inject.so FAULT_PATH=$work FAULT_CALL=$call FAULT_AT=1 FAULT_FOR=all FAULT_DO=$reason \
            "$KITH" run $small -o dir/out.h5 > log 2>&1 || bad "$call fails with $reason: exit code $?" log
        alone dir out.h5 "$expected" "$call fails with $reason" log
        LD_PRELOAD=$work/inject.so FAULT_PATH=$work FAULT_CALL=$call FAULT_AT=1 FAULT_FOR=all FAULT_DO=$reason \
            "$KITH" summary dir/out.h5 > log 2>&1 || bad "$call fails with $reason: summary: exit code $?" log
    done
done
row "a file system without locks" "fcntl or flock fails" 4 0 0

# ---- standard streams

begin
# shellcheck disable=SC2086
"$KITH" run $small -o dir/out.h5 >&- 2>&- <&- || bad "closed standard streams: exit code $?"
alone dir out.h5 "$expected" "closed standard streams"
if [ -e /dev/full ]; then
    begin
    # shellcheck disable=SC2086
    "$KITH" run $small -o dir/out.h5 > /dev/full 2> /dev/full || bad "full standard streams: exit code $?"
    alone dir out.h5 "$expected" "full standard streams"
fi
begin
# Nobody reads what it says: the job's log may be gone, the results must not.
# shellcheck disable=SC2086
(sleep 0.1; "$KITH" run $small -o dir/out.h5 --progress json; echo $? > code) 2>&1 | true
[ "$(cat code)" -eq 0 ] || bad "broken pipes: exit code $(cat code)"
alone dir out.h5 "$expected" "broken pipes"
row "standard streams closed, full or broken" "by the shell" 3 0 0
finish
