#!/bin/sh
# kith with MPI, under Open MPI itself: 1, 2 and 4 ranks give the digest of one process; a rank killed in the middle
# costs the cells in hand only; SIGUSR1 to mpirun stops all ranks.
# shellcheck disable=SC1091,SC2154 # lib/common.sh
set -u
. "$(dirname "$0")/lib/common.sh"
need mpicc mpirun
[ -r /proc/self/environ ] || skip "no /proc, by which ranks are told apart"
cd "$work" || exit 1
mpi_build
set -- --replications 2 --set population.families=14000
reference "$SCENARIOS/demo.yaml" "$@"

# More ranks than cores, as root, and idle ranks that do not spin.
mpirun="mpirun --oversubscribe --mca mpi_yield_when_idle 1"
[ "$(id -u)" -ne 0 ] || mpirun="$mpirun --allow-run-as-root"
TMPDIR=$work
export TMPDIR

for ranks in 1 2 4; do
    # shellcheck disable=SC2086
    expect 0 $mpirun -n $ranks "$KITH_MPI" run "$SCENARIOS/demo.yaml" -o "ranks$ranks.h5" --threads 1 --quiet --resume "$@"
    same "ranks$ranks.h5" "$ranks ranks"
done
# shellcheck disable=SC2086
expect 0 $mpirun -n 2 "$KITH_MPI" run "$SCENARIOS/demo.yaml" -o threads.h5 --threads 2 --quiet "$@"
same threads.h5 "2 ranks with 2 threads"
expect 0 "$KITH_MPI" run "$SCENARIOS/demo.yaml" -o alone.h5 --quiet "$@"
same alone.h5 "the MPI build without mpirun"

# start OUT CELLS ARGUMENT...: 4 ranks in the background, until so many cells are finished; sets $pid
start()
{
    out=$1 until=$2
    shift 2
    # shellcheck disable=SC2086
    $mpirun -n 4 "$KITH_MPI" run "$SCENARIOS/demo.yaml" -o "$out" --threads 1 --resume "$@" > start.log 2>&1 &
    pid=$!
    wait_for 30 has_cells "$until" "$out" || die "no $until cells" start.log
}

# ---- ranks killed in the middle of a longer run
set -- --replications 4 --set population.families=14000
cells=2432
reference "$SCENARIOS/demo.yaml" "$@"
kills=0 kept=0
for rank in 0 3; do
    start killed.h5 $((kept + 200)) "$@"
    rank_pid=
    for child in $(ps -eo pid=,ppid= | awk -v parent=$pid '$2 == parent { print $1 }'); do
        tr '\0' '\n' < "/proc/$child/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$rank" && rank_pid=$child
    done
    [ -n "$rank_pid" ] || die "no rank $rank" start.log
    kill -9 "$rank_pid"
    wait $pid
    code=$?
    [ $code -ne 0 ] || die "mpirun knows nothing of the kill" start.log
    kills=$((kills + 1))
    before=$kept
    kept=$(status_number finished killed.h5)
    [ "$kept" -ge $((before + 200)) ] || die "$kept cells after the kill of rank $rank"
    [ "$kept" -lt $cells ] || die "rank $rank was killed too late"
    say "rank $rank killed: $kept of $cells cells kept (exit code $code)"
done
# shellcheck disable=SC2086
expect 0 $mpirun -n 2 "$KITH_MPI" run "$SCENARIOS/demo.yaml" -o killed.h5 --threads 1 --resume "$@"
already "$kept"
same killed.h5 "after $kills killed ranks, with 2 ranks"

# ---- the signal of a batch system
start stopped.h5 200 "$@"
kill -USR1 $pid
wait $pid
code=$?
[ $code -eq 75 ] || die "exit code $code after SIGUSR1, expected 75" start.log
kept=$(status_number finished stopped.h5)
expect 0 "$KITH" run "$SCENARIOS/demo.yaml" -o stopped.h5 --resume "$@"
already "$kept"
same stopped.h5 "stopped by SIGUSR1 at $kept cells, gone on without MPI"

echo "$reached digests equal, $kills ranks killed"
