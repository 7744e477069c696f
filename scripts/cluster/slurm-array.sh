#!/bin/bash
# kith as an array job of Slurm: N parts that know nothing of each other, then one merge. Copy it and change the lines
# of #SBATCH; options on the command line of sbatch come before them.
#
#   id=$(sbatch --parsable --array=1-20 slurm-array.sh scenarios/england.yaml england.h5 --replications 40)
#   sbatch --dependency=afterok:$id --wrap "kith merge england.h5.parts -o england.h5"
#
# Parts go to england.h5.parts. The same command again does what is missing and no more, whatever happened before. To
# submit only some tasks again, say how many parts there are: PARTS=20 sbatch --array=3,7 slurm-array.sh ...
#
#SBATCH --job-name=kith
#SBATCH --array=1-20
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#
# Two minutes before the time is over Slurm sends SIGUSR1 to what srun has started: that is kith, which gives up the
# cells in hand, closes its file and exits with 75. (With B:USR1@120 the signal would reach only this shell.)
#SBATCH --signal=USR1@120
#
# Slurm itself may start the job again, after a broken node or a preemption; and then the log goes on.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=kith-%A_%a.log

if [ $# -lt 2 ]; then
    echo "usage: sbatch --array=1-N slurm-array.sh SCENARIO OUT.h5 [OPTION OF kith run...]" >&2
    exit 2
fi
scenario=$1 out=$2
shift 2
parts=${PARTS:-$SLURM_ARRAY_TASK_MAX}
part=$SLURM_ARRAY_TASK_ID

mkdir -p "$out.parts"
srun --ntasks=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
    "${KITH:-kith}" run "$scenario" -o "$out.parts/$part-of-$parts.shard" --shard "$part/$parts" \
    --threads "${SLURM_CPUS_PER_TASK:-1}" --resume "$@"
code=$?

# 75: stopped early, everything finished is kept. 138: the signal came before kith had begun. This task goes to the
# end of the queue and goes on from there. It is named ARRAY_TASK: the job number alone may mean the whole array. A
# part that stops this often makes no progress: its largest cell takes longer than --time.
if { [ $code -eq 75 ] || [ $code -eq 138 ]; } && [ "${SLURM_RESTART_COUNT:-0}" -lt 50 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit $code
