#!/bin/bash
# kith with MPI under Slurm: one job, whose ranks take cells from rank 0 as they become free, so that none waits for
# the slowest. Needs kith built with `make MPI=1`. Copy it and change the lines of #SBATCH.
#
#   sbatch --ntasks=64 slurm-mpi.sh scenarios/england.yaml england.h5 --replications 40
#   sbatch --ntasks=4 --ntasks-per-node=1 --cpus-per-task=16 slurm-mpi.sh ...      # a rank a node, with threads
#
# The second form writes fewer files (one a rank); a thread needs as much memory as a rank. The same command again does
# what is missing and no more. LAUNCH="mpirun" takes Open MPI's own launcher where srun cannot start ranks (`srun
# --mpi=list` shows what it can).
#
#SBATCH --job-name=kith-mpi
#SBATCH --ntasks=8
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#
# Three minutes before the time is over Slurm sends SIGUSR1 to this shell (B:), which passes it on to the launcher,
# and that to all ranks: so it works with srun and mpirun alike. kith then exits with 75.
#SBATCH --signal=B:USR1@180
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=kith-%j.log

if [ $# -lt 2 ]; then
    echo "usage: sbatch --ntasks=N slurm-mpi.sh SCENARIO OUT.h5 [OPTION OF kith run...]" >&2
    exit 2
fi
scenario=$1 out=$2
shift 2

# A signal for which nothing is set up would end the shell: the trap comes first, and bash obeys it at once only
# while it waits.
launcher=
trap 'stopped=1; [ -z "$launcher" ] || kill -USR1 "$launcher"' USR1
stopped=
# shellcheck disable=SC2086 # LAUNCH is a list of words
${LAUNCH:-srun --mpi=pmix --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}"} \
    "${KITH:-kith}" run "$scenario" -o "$out" --threads "${SLURM_CPUS_PER_TASK:-1}" --resume "$@" &
launcher=$!
[ -z "$stopped" ] || kill -USR1 "$launcher"
wait "$launcher"
code=$?
# A wait that the signal broke off says 138, and there is still something to wait for.
while kill -0 "$launcher" 2> /dev/null; do
    wait "$launcher"
    code=$?
done

# 75, or the signal came before kith had begun: everything finished is kept, and the job goes on when it is its turn.
if { [ $code -eq 75 ] || [ -n "$stopped" ]; } && [ $code -ne 0 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 50 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
