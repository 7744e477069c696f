#!/bin/sh
# Runs all tests; `make test` calls it. Environment: B the build directory (build), CC the compiler.
#
# Each test prints one line, `ok NAME`, `FAIL NAME` with its output, or `SKIPPED NAME: why`; all run whatever fails, as many
# at a time as there are cores. The last lines count them and say what processor time each kind took; exit code 1 if any
# failed. What each kind of test is, with its processor time in seconds, that of building in brackets (of one core of 2023):
#
#   unit/ stat/   55 (80) programs of tests/unit and tests/stat, see their sources
#   cli/          22      tests/cli/NAME.sh, run by sh in an empty directory with $KITH (the program), $ROOT (the checkout)
#                         and $SCENARIOS; its standard output, standard error and exit code have to be NAME.out, NAME.err
#                         (if they exist) and NAME.code (0 if not there). Exit code 77: skipped.
#   bad/          11      tests/cli/bad/NAME.yaml: `kith check` has to exit with 65 and say every line of NAME.expect
#   python/ R/    25, 40  tests/unit/*/test_*.py and .R. $KITH_FILE is an output file with all trajectories, $KITH the
#                         program; the file is also the only argument of those that look at their arguments.
#   style/        6       scripts/check-*.sh
#   asan/         200 (90)  unit tests and the program under sanitizers of addresses and undefined behaviour, with smaller
#                         samples where a test is about numbers (`sampled` of tests/stat/harness.h); no tests of stat/,
#                         which look for nothing else
#   fuzz/         35      the collected inputs of tests/fuzz, in the build of asan
#   tsan/         50 (25) the program under ThreadSanitizer, 4 threads
#   valgrind/     50      the program again: memory that is read before it is written, which no sanitizer here sees
#   fault/        310     tests/fault/NAME.sh: runs that are killed, run out of disk or memory, are stopped, damaged
#   cluster/      140 (25) tests/cluster/NAME.sh, each in its own words: parts, MPI, Slurm and other ways over many machines.
#                         Slurm lets its jobs wait for up to two minutes, beside which the other tests run.
#   digest/       180 (100) the same results from several compilers, threads and orders: tests/digest.sh
#
# `tests/run.sh KIND...` runs only these kinds.
# shellcheck disable=SC2030,SC2031 # every piece of work has its own $work
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
B=${B-build}
case $B in /*) ;; *) B=$root/$B ;; esac
export B
KITH=$B/kith ROOT=$root SCENARIOS=$root/scenarios
export KITH ROOT SCENARIOS
# The makes below are not part of the one that may have started this.
unset MAKEFLAGS MFLAGS MAKELEVEL
[ -n "${CC-}" ] || unset CC
LC_ALL=C
export LC_ALL
jobs=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
kinds=${*-}
top=$(mktemp -d) || exit 1
work=$top places='' pieces=0 kind=all
leave()
{
    for piece in $(seq $pieces); do
        [ -e "$top/$piece/over" ] || kill "$(cat "$top/$piece/pid")"
    done 2> /dev/null
    rm -rf "$top"
}
trap leave EXIT
trap 'exit 1' INT TERM

# ---- several tests at a time

# A piece of work is a shell of its own with an empty directory of its own, $work. As many work at a time as there are
# cores: each takes a line from `turns` and gives it back. What they print is shown in the order of their places,
# whichever is over first.
mkfifo "$top/turns" || exit 1
exec 3<> "$top/turns"
for _ in $(seq "$jobs"); do echo >&3; done

# start turn|idle COMMAND...: begins a piece, whose number is then $pieces. One that waits for other programs more than it
# works is `idle` and takes no turn.
start()
{
    pieces=$((pieces + 1)) turn=$1
    shift
    mkdir -p "$top/$pieces/work"
    [ "$turn" = idle ] || read -r _ <&3
    (
        work=$top/$pieces/work
        "$@" > "$top/$pieces/said" 2>&1 3>&-
        times > "$top/$pieces/times"
        : > "$top/$pieces/over"
        [ "$turn" = idle ] || echo >&3
        rm -rf "$work"
    ) &
    echo $! > "$top/$pieces/pid"
}

# place PIECE: it is shown next
place()
{
    echo "$kind" > "$top/$1/kind"
    places="$places $1"
    show
}

beside()
{
    start turn "$@"
    place $pieces
}

# at_once COMMAND...: what it prints is shown next; its exit code
at_once()
{
    pieces=$((pieces + 1))
    mkdir "$top/$pieces"
    "$@" > "$top/$pieces/said" 2>&1
    code_at_once=$?
    : > "$top/$pieces/over"
    place $pieces
    return $code_at_once
}

# show: all that is over, up to the first that is not
show()
{
    # shellcheck disable=SC2086 # a list
    set -- $places
    while [ $# -gt 0 ] && [ -e "$top/$1/over" ]; do
        cat "$top/$1/said"
        shift
    done
    places=$*
}

show_all()
{
    for piece in $places; do
        [ -e "$top/$piece/over" ] || wait "$(cat "$top/$piece/pid")"
        if [ ! -e "$top/$piece/over" ]; then
            fail "$(cat "$top/$piece/kind")/piece$piece" "$top/$piece/said" > "$top/$piece/lost"
            mv "$top/$piece/lost" "$top/$piece/said"
            : > "$top/$piece/over"
        fi
        show
    done
}

# spent: processor time of each kind, its longest piece, and what was built meanwhile
spent()
{
    times > "$top/times"
    for piece in $(seq $pieces); do
        [ -e "$top/$piece/times" ] && sed "s/^/$(cat "$top/$piece/kind") $piece /" "$top/$piece/times"
    done | awk '
        function seconds(t) { split(t, part, "[ms]"); return part[1] * 60 + part[2] }
        !($1 in sum) { order[++n] = $1 }
        { s = seconds($3) + seconds($4); sum[$1] += s; of[$2] += s; if (of[$2] > longest[$1]) longest[$1] = of[$2] }
        END { for (i = 1; i <= n; i++) printf "%s%s %.0f (%.0f)", (i > 1 ? ", " : ""), order[i], sum[order[i]], longest[order[i]] }'
}

# ---- reporting

# step KIND TEXT: whether this kind is wanted; announces it
step()
{
    if [ -n "$kinds" ]; then
        case " $kinds " in *" $1 "*) ;; *) return 1 ;; esac
    fi
    kind=$1
    at_once echo "== $1: $2 ($(($(date +%s) - started)) s)"
}

ok()
{
    echo "ok $1"
}

# fail NAME [FILE]: FILE holds what there was to see
fail()
{
    echo "FAIL $1"
    if [ -n "${2-}" ]; then
        sed 's/^/    | /' "$2" | awk 'NR <= 60 { print } NR > 60 { last[NR % 60] = $0 }
            END { if (NR > 120) print "    | ..."; for (i = NR > 120 ? NR - 59 : 61; i <= NR; i++) print last[i % 60] }'
    fi
}

skip()
{
    echo "SKIPPED $1: $2"
}

# verdict NAME CODE FILE
verdict()
{
    case $2 in
        0) ok "$1" ;;
        77) skip "$1" "$(tail -n 1 "$3")" ;;
        *)
            echo "exit code $2" >> "$3"
            fail "$1" "$3" ;;
    esac
}

# A test that hangs is a failure, not the end of the others.
limit=
command -v timeout > /dev/null 2>&1 && limit='timeout 600'

# try NAME COMMAND...: a test that is its exit code
try()
{
    name=$1
    shift
    $limit "$@" > "$work/log" 2>&1 < /dev/null
    verdict "$name" $? "$work/log"
}

# try_code CODE NAME COMMAND...: the same for another exit code than 0
try_code()
{
    expected=$1 name=$2
    shift 2
    $limit "$@" > "$work/log" 2>&1 < /dev/null
    code=$?
    if [ $code -eq "$expected" ]; then verdict "$name" 0 "$work/log"
    else
        echo "exit code $code, expected $expected" >> "$work/log"
        fail "$name" "$work/log"
    fi
}

# name_of KIND PROGRAM: a test program's name, from its place in a build directory
name_of()
{
    name=${2##*/tests/}
    case $1 in
        unit | fault) echo "$name" ;;
        *) echo "$1/$name" ;;
    esac
}

# try_program KIND PROGRAM
try_program()
{
    if [ -x "$2" ]; then try "$(name_of "$1" "$2")" "$2"
    else
        echo "not built" > "$work/log"
        fail "$(name_of "$1" "$2")" "$work/log"
    fi
}

# try_all KIND PROGRAM...: test programs, each a piece of work
try_all()
{
    of_kind=$1
    shift
    for program in "$@"; do beside try_program "$of_kind" "$program"; done
}

# build KIND TARGET... VARIABLE=VALUE...: whether make could; if not, that is a failed test. It goes on after errors, so
# that one broken test program does not keep the others from running.
build()
{
    built_for=$1
    shift
    make -k -j "$jobs" "$@" > "$work/make.log" 2>&1 && return 0
    grep -E '(: (fatal )?error:|undefined reference|multiple definition|No rule|\*\*\*)' "$work/make.log" > "$work/errors.log" || cp "$work/make.log" "$work/errors.log"
    fail "$built_for/build" "$work/errors.log"
    return 1
}

# programs DIRECTORY FOLDER...: the test programs of tests/FOLDER in a build directory
programs()
{
    directory=$1
    shift
    for folder in "$@"; do
        find "tests/$folder" -name 'test_*.c' 2> /dev/null | sort
    done | sed "s|^|$directory/|; s|\.c\$||"
}

# ---- the kinds

unit_tests()
{
    # shellcheck disable=SC2046
    set -- $(programs "$B" stat unit) # the longest first
    at_once build unit B="$B" all unit-tests
    try_all unit "$@"
}

# differs EXPECTED FILE WHAT: adds the difference to the log
differs()
{
    [ ! -e "$1" ] && return 1
    cmp -s "$1" "$2" && return 1
    echo "$3 (- expected, + found):"
    diff -u "$1" "$2" | tail -n +3
}

cli_test()
{
    base=${1%.sh}
    rm -rf "$work/cli"
    mkdir "$work/cli"
    # shellcheck disable=SC2086
    (cd "$work/cli" && $limit sh "$root/$1" > "$work/out" 2> "$work/err" < /dev/null)
    code=$?
    expected=0
    [ -e "$base.code" ] && expected=$(tr -d ' \n' < "$base.code")
    {
        wrong=0
        if [ $code -ne "$expected" ]; then
            wrong=1
            echo "exit code $code, expected $expected; standard error:"
            cat "$work/err"
        fi
        differs "$base.out" "$work/out" "standard output" && wrong=1
        differs "$base.err" "$work/err" "standard error" && wrong=1
    } > "$work/log"
    name=cli/${base#tests/cli/}
    if [ $code -eq 77 ] && [ "$expected" -ne 77 ]; then skip "$name" "$(tail -n 1 "$work/err")"
    elif [ $wrong -eq 0 ]; then ok "$name"
    else fail "$name" "$work/log"
    fi
}

# bad_scenario FILE.yaml: run beside the file, so that reports begin with its bare name
bad_scenario()
{
    base=${1%.yaml}
    wrong=0
    (cd "$(dirname "$1")" && $limit "$KITH" check "${1##*/}" > "$work/out" 2> "$work/err" < /dev/null)
    code=$?
    {
        [ $code -eq 65 ] || { wrong=1; echo "exit code $code, expected 65"; }
        while read -r line; do
            [ -z "$line" ] && continue
            grep -qF -- "$line" "$work/err" || { wrong=1; echo "not said: $line"; }
        done < "$base.expect"
        [ $wrong -eq 0 ] || { echo "standard error:"; cat "$work/err"; }
    } > "$work/log"
    if [ $wrong -eq 0 ]; then ok "bad/${base##*/}"
    else fail "bad/${base##*/}" "$work/log"
    fi
}

cli_tests()
{
    for script in tests/cli/*.sh tests/cli/*/*.sh; do
        [ -e "$script" ] && beside cli_test "$script"
    done
}

bad_scenarios()
{
    for scenario in tests/cli/bad/*.yaml; do
        # Files without .expect are what others extend.
        [ -e "${scenario%.yaml}.expect" ] && bad_scenario "$scenario"
    done
}

# Makes $KITH_FILE, of the scenario that has most to show; small, for readers that look at every cell.
output_file()
{
    KITH_FILE=$top/all.h5
    export KITH_FILE
    [ -e "$KITH_FILE" ] && return 0
    for scenario in "england --arms baseline,earlier_help" illness-death; do
        # shellcheck disable=SC2086
        set -- $scenario
        [ -e "scenarios/$1.yaml" ] || continue
        name=$1
        shift
        "$KITH" run "scenarios/$name.yaml" "$@" -o "$KITH_FILE" --overwrite --quiet --trajectories all --replications 1 \
            --set population.families=800 > "$work/log" 2>&1 && return 0
        fail "files/$name" "$work/log"
    done
    return 1
}

# foreign EXTENSION ARGUMENT-WORD INTERPRETER...: tests in another language
foreign()
{
    extension=$1 word=$2
    shift 2
    for test in $(find tests -name "test_*.$extension" | sort); do
        if grep -q "$word" "$test"; then beside try "$kind/${test#tests/}" "$@" "$test" "$KITH_FILE"
        else beside try "$kind/${test#tests/}" "$@" "$test"
        fi
    done
}

python_tests()
{
    python=
    for modules in 'h5py pandas numpy scipy xarray netCDF4' 'h5py numpy' numpy ''; do
        # shellcheck disable=SC2086
        python=$(sh scripts/python.sh $modules) && break
    done
    [ -n "$python" ] || { at_once skip python "no python3"; return; }
    [ -n "$modules" ] || at_once skip python/modules "no python has numpy"
    at_once output_file || return
    # The pictures of every shape of file: several arms and one, several replications and one.
    if sh scripts/python.sh h5py pandas matplotlib > /dev/null; then
        for shape in all several one; do beside picture $shape; done
    else
        at_once skip python/plot "no python has h5py, pandas and matplotlib"
    fi
    foreign py sys.argv "$python"
}

# picture all|several|one
picture()
{
    file=$KITH_FILE
    if [ "$1" != all ]; then
        file=$work/$1.h5 scenario=chain
        [ "$1" = one ] || scenario=illness-death
        "$KITH" run scenarios/$scenario.yaml -o "$file" --quiet --set population.families=500 > "$work/log" 2>&1
    fi
    try "python/plot_$1" "$(sh scripts/python.sh h5py pandas matplotlib)" scripts/plot.py "$file" -o "$work/plots"
}

r_tests()
{
    if ! command -v Rscript > /dev/null 2>&1; then
        at_once skip R "no Rscript"
        return
    fi
    if ! Rscript --vanilla -e 'quit(status = !(nzchar(system.file(package = "hdf5r")) || nzchar(system.file(package = "rhdf5"))))' \
        > /dev/null 2>&1; then
        at_once skip R "R has neither hdf5r nor rhdf5"
        return
    fi
    at_once output_file || return
    foreign R commandArgs Rscript --vanilla
}

# The last line of each says what was done.
cluster_test()
{
    # shellcheck disable=SC2086
    $limit sh "$1" > "$work/log" 2>&1 < /dev/null
    code=$?
    name=cluster/$(basename "$1" .sh)
    if [ $code -eq 0 ]; then ok "$name ($(tail -n 1 "$work/log"))"
    else verdict "$name" $code "$work/log"
    fi
}

# Slurm makes its jobs wait for minutes; what it does is little. So it begins before all others. Where MPI is, what the
# tests would build first is built for them, not by two of them at a time in one place.
slurm_piece=
cluster_begin()
{
    kind=cluster
    if command -v mpicc > /dev/null 2>&1; then at_once build cluster MPI=1 OPT=-O1 B="$B-mpi" CFLAGS_EXTRA=-g0 all; fi
    start idle cluster_test tests/cluster/slurm.sh
    slurm_piece=$pieces
}

cluster_tests()
{
    for script in tests/cluster/*.sh; do
        [ "$script" = tests/cluster/slurm.sh ] || beside cluster_test "$script"
    done
    place "$slurm_piece"
}

style_checks()
{
    beside try style/layers sh scripts/check-layers.sh
    beside try style/docs sh scripts/check-docs.sh
    beside try style/makefile make -n B="$B" all
}

# some_runs PROGRAM OPTION...: everything the program does, on a small scale
some_runs()
{
    for scenario in pressure chain illness-death district area; do # pressure is england with more
        [ -e "scenarios/$scenario.yaml" ] && beside runs_of $scenario "$@"
    done
}

# runs_of SCENARIO PROGRAM OPTION...: each line below is a test
runs_of()
{
    scenario=$1 program=$2 file=$work/$1.h5
    shift 2
    case $scenario in
        chain | district | area) families=200 ;;
        illness-death) families=500 ;;
        pressure) # all areas have some; its other arms do nothing that these do not
            families=160
            set -- --arms baseline,earlier_help "$@" ;;
    esac
    try "$kind/run-$scenario" "$program" run "scenarios/$scenario.yaml" -o "$file" --overwrite --quiet \
        --trajectories all --replications 2 --set population.families="$families" "$@"
    [ "$kind" = tsan ] && return # the rest has no threads
    for command in summary info digest; do
        try "$kind/$command-$scenario" "$program" $command "$file"
    done
    # The exit code of a report by a sanitizer is 99, so that it is not taken for one of the program's own.
    case $scenario in
        illness-death)
            try "$kind/compare" "$program" compare "$file" --base baseline --arm cure
            try "$kind/plan" "$program" plan scenarios/illness-death.yaml --set population.families=500 ;;
        chain)
            try "$kind/check" "$program" check scenarios/chain.yaml
            try "$kind/describe" "$program" describe scenarios/chain.yaml
            try_code 65 "$kind/bad-scenario" "$program" check tests/cli/bad/01-no-version.yaml
            head -c 5000 "$file" > "$work/cut.h5"
            try_code 74 "$kind/cut-file" "$program" summary "$work/cut.h5" ;;
    esac
}

asan()
{
    ASAN_OPTIONS=exitcode=99:allocator_may_return_null=1:detect_leaks=1
    UBSAN_OPTIONS=print_stacktrace=1:exitcode=99
    export ASAN_OPTIONS UBSAN_OPTIONS
    dir=$B-asan
    # shellcheck disable=SC2046
    set -- $(programs "$dir" unit)
    at_once build asan B="$dir" OPT=-O1 CFLAGS_EXTRA="$asan_flags" all "$@"
    try_all asan "$@"
    if [ -x "$dir/kith" ]; then some_runs "$dir/kith"; fi
    unset ASAN_OPTIONS UBSAN_OPTIONS
}
asan_flags="-g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

# gcc's OpenMP hides its barriers and locks from ThreadSanitizer, which then reports races that are none. Clang's, with
# the tool Archer, does not: two small programs make sure of both before the results are believed.
tsan()
{
    if ! command -v clang > /dev/null 2>&1; then
        at_once skip tsan "no clang; gcc's OpenMP gives false reports"
        return
    fi
    library=$(cd "$(clang -print-resource-dir)/../.." && pwd)
    LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH+:$LD_LIBRARY_PATH}
    # HDF5 and ISA-L are not compiled for it.
    TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=99
    OMP_TOOL_LIBRARIES=$library/libarcher.so
    export LD_LIBRARY_PATH TSAN_OPTIONS OMP_TOOL_LIBRARIES
    for race in '' '#pragma omp critical'; do
        printf 'int main(void)\n{\n    long n = 0;\n#pragma omp parallel num_threads(4)\n    for (int i = 0; i < 20000; i++) {\n%s\n        n++;\n    }\n    return n < 1;\n}\n' "$race" > "$work/race.c"
        clang -fopenmp -fsanitize=thread -g -O1 -o "$work/race" "$work/race.c" > "$work/log" 2>&1 &&
            "$work/race" > "$work/log" 2>&1
        code=$?
        [ -z "$race" ] && unlocked=$code || locked=$code
    done
    if [ "$unlocked" -eq 99 ] && [ "$locked" -eq 0 ]; then
        at_once build tsan B="$B-tsan" CC=clang OPT=-O1 CFLAGS_EXTRA='-g1 -fsanitize=thread' all && some_runs "$B-tsan/kith" --threads 4
    else
        at_once skip tsan "clang's ThreadSanitizer with libomp and libarcher does not work here"
        at_once cat "$work/log"
    fi
    unset TSAN_OPTIONS OMP_TOOL_LIBRARIES LD_LIBRARY_PATH
}

# What the sanitizers do not see: memory that is read before it is written.
valgrind_runs()
{
    if ! command -v valgrind > /dev/null 2>&1; then
        at_once skip valgrind "not installed"
        return
    fi
    for scenario in pressure chain illness-death district area; do # pressure is england with more
        [ -e "scenarios/$scenario.yaml" ] && beside valgrind_run $scenario
    done
}

# valgrind_run SCENARIO
valgrind_run()
{
    arms=
    [ "$1" != pressure ] || arms='--arms baseline,earlier_help'
    checked='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'
    # shellcheck disable=SC2086
    {
        try "valgrind/run-$1" $checked "$KITH" run "scenarios/$1.yaml" -o "$work/valgrind.h5" --overwrite --quiet --threads 1 \
            --replications 1 --trajectories all --set population.families=20 $arms
        try "valgrind/summary-$1" $checked "$KITH" summary "$work/valgrind.h5"
    }
}

# corpus NAME: inputs of tests/fuzz/NAME.c: corpus/NAME, or all of corpus if it has no such folder
corpus()
{
    for folder in "tests/fuzz/corpus/$1" "tests/fuzz/corpus/${1#fuzz_}" tests/fuzz/corpus; do
        [ -d "$folder" ] || continue
        find "$folder" -type f
        break
    done
    case $1 in fuzz_scenario | fuzz_check) ls scenarios/*.yaml tests/cli/bad/*.yaml ;; esac
}

fuzz()
{
    dir=$B-asan
    at_once build fuzz B="$dir" OPT=-O1 CFLAGS_EXTRA="$asan_flags" "$dir/libkith.a" || return
    # shellcheck disable=SC2016 # for make
    flags=$(make -s --eval='kith-flags:;@echo $(CPPFLAGS_ALL) $(LDFLAGS)' kith-flags)
    # shellcheck disable=SC2016
    libraries=$(make -s --eval='kith-libs:;@echo $(LIBS)' kith-libs)
    for source in tests/fuzz/*.c; do
        [ -e "$source" ] && beside fuzz_harness "$source"
    done
}

# fuzz_harness SOURCE: compiles it to read files, and gives it all that were collected
fuzz_harness()
{
    name=$(basename "$1" .c)
    # shellcheck disable=SC2086
    if ! ${CC-gcc} -std=c11 -O1 -g $asan_flags -fopenmp -ffp-contract=off -DKITH_FUZZ_REPLAY \
        $flags -o "$dir/$name" "$1" "$dir/libkith.a" $libraries > "$work/log" 2>&1; then
        fail "fuzz/$name" "$work/log"
        return
    fi
    corpus "$name" > "$work/corpus"
    tr '\n' '\0' < "$work/corpus" > "$work/corpus0"
    # shellcheck disable=SC2016 # for the inner shell
    try "fuzz/$name ($(wc -l < "$work/corpus" | tr -d ' ') inputs)" \
        sh -c 'xargs -0 -n 200 "$1" < "$2"' replay "$dir/$name" "$work/corpus0"
}

fault_tests()
{
    # shellcheck disable=SC2046
    try_all fault $(find "$root/tests/fault" -name '*.sh' ! -name lib.sh | sort)
}

digest_test()
{
    sh tests/digest.sh > "$work/digest" 2>&1 < /dev/null
    code=$?
    cat "$work/digest"
    [ $code -eq 0 ] || grep -q '^FAIL ' "$work/digest" || fail "digest/digest.sh"
}

# ---- all of it

started=$(date +%s)
if [ ! -x "$KITH" ]; then
    build run B="$B" all || exit 1
fi
case " ${kinds:-cluster} " in *' cluster '*) cluster_begin ;; esac
step unit "programs of tests/unit and tests/stat" && unit_tests
step cli "what the program prints and returns" && cli_tests
step bad "wrong scenarios" && beside bad_scenarios
step python "python's view of the output" && python_tests
step R "R's view of the output" && r_tests
step cluster "parts, MPI, Slurm and other ways over many machines" && cluster_tests
step style "layers and comments" && style_checks
step asan "address and undefined-behaviour sanitizers" && asan
step fuzz "inputs that fuzzing collected" && fuzz
step tsan "thread sanitizer" && tsan
step valgrind "uninitialised memory and leaks" && valgrind_runs
step fault "runs that go wrong, and go on" && fault_tests
step digest "one result from all compilers, threads and orders" && beside digest_test
show_all

echo "== processor time of each kind, and of the longest piece of it, in seconds: $(spent)"
echo "== all: $(($(date +%s) - started)) s"
cat "$top"/*/said > "$top/said"
failures=$(sed -n 's/^FAIL //p' "$top/said" | sed 's/[ :].*//' | tr '\n' ' ')
[ -z "$failures" ] || echo "failed: $failures"
echo "$(grep -c '^ok ' "$top/said") passed, $(grep -c '^FAIL ' "$top/said") failed, $(grep -c '^SKIPPED ' "$top/said") skipped"
[ -z "$failures" ]
