# Starts a Slurm of our own on this machine: one node, own ports, keys, files and configuration in $work/slurm; no root,
# no systemd, no cgroups, no accounting needed. Read by tests after common.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # variables of common.sh, and for the tests

PATH=$PATH:/usr/sbin:/sbin
slurm_pids=

# slurm_start: exit code 1 if it cannot be; the reason is in $slurm_reason
slurm_start()
{
    slurm=$work/slurm
    slurm_reason=
    port=$((20000 + $$ % 20000))
    # Without authentication, or munge where the package lacks that. Nothing here uses cgroups, but slurmd wants to know
    # its kind of them: the old one is content with what there is, newer versions can do without any.
    for how in ${KITH_SLURM-none,cgroup/v1 none,disabled munge,cgroup/v1 munge,disabled}; do
        auth=${how%,*}
        for _ in 1 2 3; do
            rm -rf "$slurm"
            mkdir "$slurm" "$slurm/state" "$slurm/spool"
            port=$((port + 7))
            slurm_daemons "$auth" "${how#*,}" "$port" && wait_for 15 slurm_settled && slurm_ready && return 0
            new_reason=$(cat "$slurm"/*.out 2> /dev/null | grep -E 'fatal|error' | grep -vE 'state|NOTE|MailProg' | head -n 1)
            slurm_reason=${slurm_reason:-$new_reason}
            slurm_stop
            case $new_reason in *[Bb]ind* | *"in use"*) ;; *) break ;; esac # another port may do
        done
    done
    return 1
}

# slurm_daemons none|munge KIND-OF-CGROUPS PORT
slurm_daemons()
{
    auth_info=cred_expire=5
    if [ "$1" = munge ]; then
        command -v munged > /dev/null 2>&1 || return 1
        dd if=/dev/urandom of="$slurm/munge.key" bs=1024 count=1 2> /dev/null
        chmod 600 "$slurm/munge.key"
        munged --foreground --force --key-file="$slurm/munge.key" --socket="$slurm/munge.socket" --pid-file="$slurm/munge.pid" \
            --log-file="$slurm/munge.log" --seed-file="$slurm/munge.seed" > "$slurm/munged.out" 2>&1 &
        slurm_pids="$! $slurm_pids"
        wait_for 5 test -S "$slurm/munge.socket" || return 1
        auth_info=$auth_info,socket=$slurm/munge.socket
    fi
    me=$(id -un)
    node=$(uname -n | sed 's/\..*//')
    # A requeued job waits until its old credential has expired (cred_expire): 5 seconds here, usually two minutes.
    # More CPUs and memory than there are (nobody checks), so that jobs overlap also on two cores.
    cat > "$slurm/slurm.conf" << END
ClusterName=kith
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$3
SlurmdPort=$(($3 + 1))
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/$1
AuthInfo=$auth_info
CredType=cred/$1
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
KillWait=5
MinJobAge=600
ReturnToService=2
PropagateResourceLimits=NONE
NodeName=$node NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000
PartitionName=test Nodes=$node Default=YES MaxTime=INFINITE
END
    echo "CgroupPlugin=$2" > "$slurm/cgroup.conf"
    SLURM_CONF=$slurm/slurm.conf
    export SLURM_CONF
    slurmctld -D > "$slurm/slurmctld.out" 2>&1 &
    slurm_pids="$! $slurm_pids"
    slurm_started=$(date +%s)
    slurmd -D > "$slurm/slurmd.out" 2>&1 &
    slurm_pids="$! $slurm_pids"
}

# slurm_ready: both daemons talk and the node takes jobs
slurm_ready()
{
    [ "$(timeout 5 sinfo -h -o %t 2> /dev/null)" = idle ]
}

# slurm_settled: ready, or never will be
slurm_settled()
{
    for pid in $slurm_pids; do
        kill -0 "$pid" 2> /dev/null || return 0
    done
    slurm_ready
}

# slurm_stop: ends jobs and daemons
slurm_stop()
{
    timeout 5 scancel --user="$(id -un)" 2> /dev/null
    [ -z "$slurm_pids" ] || wait_for 8 slurm_empty
    for pid in $slurm_pids; do
        kill "$pid" 2> /dev/null
    done
    for pid in $slurm_pids; do
        wait_for 5 slurm_gone "$pid" || kill -9 "$pid" 2> /dev/null
        wait "$pid" 2> /dev/null
    done
    slurm_pids=
}
slurm_empty()
{
    [ -z "$(timeout 5 squeue -h 2> /dev/null)" ]
}
slurm_gone()
{
    ! kill -0 "$1" 2> /dev/null
}

# job_field JOB NAME: a field of scontrol's, such as JobState or Restarts
job_field()
{
    scontrol show job "$1" 2> /dev/null | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# job_is JOB STATE
job_is()
{
    [ "$(job_field "$1" JobState)" = "$2" ]
}

# job_over JOB: neither waiting nor running nor about to
job_over()
{
    case $(job_field "$1" JobState) in
        COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL | OUT_OF_MEMORY) return 0 ;;
    esac
    return 1
}
