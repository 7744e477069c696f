#!/bin/sh
# The job scripts of scripts/cluster under Slurm itself, started here with its own configuration: an array of parts with a
# dependent merge; jobs that are signalled, requeued, killed or out of time and go on by themselves; MPI.
# shellcheck disable=SC1091,SC2154 # lib/common.sh
set -u
. "$(dirname "$0")/lib/common.sh"
. "$(dirname "$0")/lib/slurm.sh"
PATH=$PATH:/usr/sbin:/sbin
need slurmctld slurmd sbatch srun scancel scontrol
tear_down() { slurm_stop; }
cd "$work" || exit 1
scripts=$ROOT/scripts/cluster
scenario=$SCENARIOS/demo.yaml
cells=1216
set -- --replications 2 --set population.families=40000

mpi=
if command -v mpicc > /dev/null 2>&1; then
    mpi_build
    mpi=1
fi
reference "$scenario" "$@"
say "single run: $digest"
slurm_start || skip "Slurm cannot be started here: $slurm_reason"
say "Slurm $(sinfo -V | sed 's/.* //'), auth/$auth, as $(id -un)"

# submit OPTION...: an array job of one task and one part unless --array says more; prints its number
submit()
{
    sbatch --parsable --array=1-1 --time=5 "$@"
}

# wait_cells NUMBER FILE JOB
wait_cells()
{
    wait_for 60 has_cells "$1" "$2" || die "job $3 ($(job_field "$3" JobState)) has no $1 cells of $2" kith-"$3"[._]*log "$slurm/slurmctld.out"
}

# completed JOB RESTARTS WHAT: JOB is over in time, was restarted so often (any: how often does not matter) and has
# succeeded
completed()
{
    wait_for 90 job_over "$1" || die "$3: job $1 is $(job_field "$1" JobState)" kith-"${1%_*}"[._]*log "$slurm/slurmctld.out"
    job_is "$1" COMPLETED || die "$3: job $1 is $(job_field "$1" JobState)" kith-"${1%_*}"[._]*log "$slurm/slurmctld.out"
    restarts=$(job_field "$1" Restarts)
    [ "$2" = any ] || [ "$restarts" = "$2" ] || die "$3: job $1 has $restarts restarts, not $2" kith-"${1%_*}"[._]*log
}

# went_on JOB: by its log, where it began again there were just the cells that had been finished when it stopped
went_on=0
went_on()
{
    log=$(echo kith-"$1"[._]*log)
    stopped=$(sed -n 's/.*stopped early: \([0-9]*\) of .*/\1/p' "$log" | tail -n 1)
    [ -n "$stopped" ] || die "job $1 does not say where it stopped" "$log"
    already "$stopped" "$log"
    went_on=$((went_on + 1))
}

# merge_of NAME WHAT: merges NAME.h5.parts here, and compares
merge_of()
{
    expect 0 "$KITH" merge "$1.h5.parts" -o "$1.h5"
    same "$1.h5" "$2"
}

# ---- two that are disturbed, and seven that are not
signalled=$(submit "$scripts/slurm-array.sh" "$scenario" signalled.h5 "$@")
requeued=$(submit "$scripts/slurm-array.sh" "$scenario" requeued.h5 "$@")
[ -n "$signalled$requeued" ] || die "sbatch" "$slurm/slurmctld.out"
array=$(submit --array=1-7 "$scripts/slurm-array.sh" "$scenario" array.h5 "$@")
merge=$(sbatch --parsable --dependency=afterok:"$array" -o merge.log --wrap "$KITH merge array.h5.parts -o array.h5")

wait_cells 100 signalled.h5.parts/1-of-1.shard "$signalled"
scancel --signal=USR1 "${signalled}_1" || die "scancel"
wait_cells 100 requeued.h5.parts/1-of-1.shard "$requeued"
scontrol requeue "${requeued}_1" || die "scontrol requeue"
sleep 2
say "SIGUSR1 at $(status_number finished signalled.h5.parts/1-of-1.shard) cells, requeue at $(status_number finished requeued.h5.parts/1-of-1.shard) of $cells"

# ---- time limit: Slurm looks every 30 seconds, so the job begins a few seconds before it does
limited()
{
    rm -rf limited.h5.parts
    now=$(date +%s)
    sleep $(((56 - (now - slurm_started) % 30) % 30))
    limited=$(submit --time=1 --signal=USR1@50 "$scripts/slurm-array.sh" "$scenario" limited.h5 "$@")
    say "a job of one minute, to be signalled 50 seconds before that is over"
}
limited "$@"

# ---- MPI: stopped by SIGUSR1, and gone on
if [ -n "$mpi" ]; then
    KITH=$KITH_MPI sbatch --parsable --ntasks=2 --time=5 "$scripts/slurm-mpi.sh" "$scenario" mpi.h5 "$@" > mpi.id
    mpi=$(cat mpi.id)
    wait_cells 100 mpi.h5 "$mpi"
    scancel --batch --signal=USR1 "$mpi" || die "scancel"
fi

completed "$merge" 0 "array of 7 parts"
same array.h5 "array of 7 parts, merged by a job that depended on it"
completed "${signalled}_1" 1 "SIGUSR1"
went_on "$signalled"
merge_of signalled "stopped by SIGUSR1, requeued by itself"
completed "${requeued}_1" 1 "scontrol requeue"
went_on "$requeued"
merge_of requeued "requeued from outside"
if [ -n "$mpi" ]; then
    completed "$mpi" 1 "MPI"
    went_on "$mpi"
    same mpi.h5 "MPI, stopped by SIGUSR1, requeued by itself"
else
    say "SKIPPED: MPI under Slurm, no mpicc"
fi
completed "${limited}_1" any "time limit"
if [ "$restarts" -eq 0 ]; then
    # On a fast machine, or a slow one, it was over before Slurm looked.
    limited "$@"
    completed "${limited}_1" any "time limit"
    [ "$restarts" -gt 0 ] || die "the job was not signalled before its time was over" kith-"$limited"[._]*log
fi
went_on "$limited"
merge_of limited "stopped $restarts times before its time limit, requeued by itself"

echo "$reached digests equal, $went_on jobs went on from where they were"
