# What the tests of tests/cluster share; they read this file with `.` and use set -u.
#
# Gives them: $work, an own directory that is removed at the end; KITH, ROOT, SCENARIOS and B, also when a test is run
# by hand; and the functions below. A test that wants more done at the end defines the function `tear_down`.
# shellcheck shell=sh disable=SC2034 # variables that the tests use

ROOT=${ROOT-$(cd "$(dirname "$0")/../.." && pwd)}
B=${B-$ROOT/build}
case $B in /*) ;; *) B=$ROOT/$B ;; esac
KITH=${KITH-$B/kith}
SCENARIOS=${SCENARIOS-$ROOT/scenarios}
export KITH
LC_ALL=C
export LC_ALL
cores=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
began=$(date +%s)
# The job in which `make test` may itself be running is not the tests' business.
for variable in $(env | sed -n 's/^\(S[A-Z]*_[A-Z0-9_]*\)=.*/\1/p'); do
    case $variable in SLURM_* | SBATCH_* | SRUN_*) unset "$variable" ;; esac
done

work=$(mktemp -d) || exit 1
tear_down() { :; }
trap 'code=$?; trap - EXIT; tear_down > /dev/null 2>&1; rm -rf "$work"; exit $code' EXIT
trap 'exit 1' INT TERM HUP

# skip REASON: this machine cannot run the test
skip()
{
    echo "$*"
    exit 77
}

# die TEXT [FILE...]: the test has failed; FILEs hold what there was to see
die()
{
    echo "FAILED: $1"
    shift
    for file in "$@"; do
        [ -e "$file" ] || continue
        echo "--- $file"
        tail -n 25 "$file"
    done
    exit 1
}

# need PROGRAM...
need()
{
    for program in "$@"; do
        command -v "$program" > /dev/null 2>&1 || skip "no $program"
    done
}

# say TEXT: with the seconds since the test began
say()
{
    echo "[$(($(date +%s) - began)) s] $*"
}

# digest_of FILE
digest_of()
{
    "$KITH" digest "$1" 2> "$work/digest.log" | awk '{ print $1; exit }'
}

# reference ARGUMENT-OF-RUN...: one run on all cores; sets $digest, which all others have to reach
reference()
{
    "$KITH" run "$@" -o "$work/reference.h5" --quiet --overwrite > "$work/log" 2>&1 || die "reference run: exit code $?" "$work/log"
    digest=$(digest_of "$work/reference.h5")
    [ -n "$digest" ] || die "no digest" "$work/digest.log"
}

# same FILE WHAT: FILE has the reference's digest
reached=0
same()
{
    [ -e "$1" ] || die "$2: there is no $1"
    found=$(digest_of "$1")
    [ "$found" = "$digest" ] || die "$2: digest $found, not $digest" "$work/digest.log"
    reached=$((reached + 1))
    say "$2: same digest"
}

# expect CODE COMMAND...: output to $work/log
expect()
{
    code_expected=$1
    shift
    "$@" > "$work/log" 2>&1 < /dev/null
    code=$?
    [ $code -eq "$code_expected" ] || die "exit code $code, expected $code_expected: $*" "$work/log"
}

# status_number NAME FILE: a number of `kith status --json`, 0 if it is not there
status_number()
{
    number=$("$KITH" status --json "$2" 2> /dev/null | tr -d ' \n' | sed -n "s/.*\"$1\":\([0-9][0-9]*\).*/\1/p")
    echo "${number:-0}"
}

# already NUMBER [FILE]: a run has said that so many cells were there already, no more and no less: nothing is done twice
already()
{
    said=$(sed -n -e 's/.* \([0-9][0-9]*\) of [0-9][0-9]* cells were there already.*/\1/p' \
        -e 's/.* all \([0-9][0-9]*\) cells were there already.*/\1/p' "${2-$work/log}" | tail -n 1)
    [ "$said" = "$1" ] || die "${said:-no} cells were there already, not $1" "${2-$work/log}"
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails after that time
wait_for()
{
    wait_until=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt $wait_until ] || return 1
        sleep 0.2
    done
}

# has_cells NUMBER FILE: whether so many cells of it are finished
has_cells()
{
    [ "$(status_number finished "$2")" -ge "$1" ]
}

# mpi_build: sets $KITH_MPI, the program built with MPI, in its own build directory; another optimisation than usual is
# quicker to build, and gives the same digests
mpi_build()
{
    KITH_MPI=$B-mpi/kith
    make -s -C "$ROOT" -j "$cores" MPI=1 OPT=-O1 CFLAGS_EXTRA=-g0 B="$B-mpi" all > "$work/make.log" 2>&1 || die "make MPI=1" "$work/make.log"
}
