#!/bin/sh
# Runs all tests; `make test` calls it. Environment: B the build directory (build), CC the compiler.
#
# Each test prints one line, `ok NAME`, `FAIL NAME` with its output, or `SKIPPED NAME: why`; all run whatever fails. The
# last line counts them; exit code 1 if any failed. What each kind of test is:
#
#   unit/ stat/   programs of tests/unit and tests/stat, see their sources
#   cli/          tests/cli/NAME.sh, run by sh in an empty directory with $KITH (the program), $ROOT (the checkout) and
#                 $SCENARIOS; its standard output, standard error and exit code have to be NAME.out, NAME.err (if they
#                 exist) and NAME.code (0 if not there). Exit code 77: skipped.
#   bad/          tests/cli/bad/NAME.yaml: `kith check` has to exit with 65 and say every line of NAME.expect
#   python/ R/    tests/unit/*/test_*.py and .R. $KITH_FILE is an output file with all trajectories, $KITH the program;
#                 the file is also the only argument of those that look at their arguments.
#   style/        scripts/check-*.sh
#   asan/ tsan/ valgrind/    unit tests and the program under sanitizers
#   fuzz/         the collected inputs of tests/fuzz
#   fault/        tests/fault/NAME.sh: runs that are killed, run out of disk or memory, are stopped, damaged
#   cluster/      tests/cluster/NAME.sh, each in its own words: parts, MPI, Slurm and other ways over many machines
#   digest/       the same results from several compilers, threads and orders: tests/digest.sh
#
# `tests/run.sh KIND...` runs only these kinds.
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
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
passed=0 failed=0 skipped=0
failures=

# ---- reporting

# step KIND TEXT: whether this kind is wanted; announces it
step()
{
    if [ -n "$kinds" ]; then
        case " $kinds " in *" $1 "*) ;; *) return 1 ;; esac
    fi
    echo "== $1: $2 ($(($(date +%s) - started)) s)"
}

ok()
{
    passed=$((passed + 1))
    echo "ok $1"
}

# fail NAME [FILE]: FILE holds what there was to see
fail()
{
    failed=$((failed + 1))
    failures="$failures $1"
    echo "FAIL $1"
    if [ -n "${2-}" ]; then
        sed 's/^/    | /' "$2" | awk 'NR <= 60 { print } NR > 60 { last[NR % 60] = $0 }
            END { if (NR > 120) print "    | ..."; for (i = NR > 120 ? NR - 59 : 61; i <= NR; i++) print last[i % 60] }'
    fi
}

skip()
{
    skipped=$((skipped + 1))
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

# try_all KIND PROGRAM...: test programs, several at once
try_all()
{
    kind=$1
    shift
    [ $# -gt 0 ] || return 0
    rm -rf "$work/all"
    mkdir "$work/all"
    # shellcheck disable=SC2016 # for the inner shell
    printf '%s\n' "$@" | LIMIT="$limit" ALL="$work/all" xargs -n 1 -P "$jobs" sh -c '
        to=$ALL/$(echo "$1" | tr / _)
        $LIMIT "$1" > "$to.log" 2>&1 < /dev/null
        echo $? > "$to.code"' run
    for program in "$@"; do
        to=$work/all/$(echo "$program" | tr / _)
        verdict "$(name_of "$kind" "$program")" "$(cat "$to.code")" "$to.log"
    done
}

# build KIND TARGET... VARIABLE=VALUE...: whether make could; if not, that is a failed test. It goes on after errors, so
# that one broken test program does not keep the others from running.
build()
{
    kind=$1
    shift
    make -k -j "$jobs" "$@" > "$work/make.log" 2>&1 && return 0
    grep -E '(: (fatal )?error:|undefined reference|multiple definition|No rule|\*\*\*)' "$work/make.log" > "$work/errors.log" || cp "$work/make.log" "$work/errors.log"
    fail "$kind/build" "$work/errors.log"
    return 1
}

# programs DIRECTORY FOLDER...: the test programs of tests/FOLDER in a build directory; says which are not there
programs()
{
    directory=$1
    shift
    for folder in "$@"; do
        find "tests/$folder" -name 'test_*.c' 2> /dev/null | sort
    done | sed "s|^|$directory/|; s|\.c\$||"
}

# only_built KIND PROGRAM...: sets `built` to those that exist; the others have failed
only_built()
{
    kind=$1
    shift
    built=
    for program in "$@"; do
        if [ -x "$program" ]; then built="$built $program"
        else
            echo "not built" > "$work/log"
            fail "$(name_of "$kind" "$program")" "$work/log"
        fi
    done
}

# ---- the kinds

unit_tests()
{
    # shellcheck disable=SC2046
    set -- $(programs "$B" unit stat)
    build unit B="$B" all unit-tests
    only_built unit "$@"
    # shellcheck disable=SC2086
    try_all unit $built
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
        [ -e "$script" ] && cli_test "$script"
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
    KITH_FILE=$work/all.h5
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

# foreign KIND EXTENSION ARGUMENT-WORD INTERPRETER...: tests in another language
foreign()
{
    kind=$1 extension=$2 word=$3
    shift 3
    for test in $(find tests -name "test_*.$extension" | sort); do
        if grep -q "$word" "$test"; then try "$kind/${test#tests/}" "$@" "$test" "$KITH_FILE"
        else try "$kind/${test#tests/}" "$@" "$test"
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
    [ -n "$python" ] || { skip python "no python3"; return; }
    [ -n "$modules" ] || skip python/modules "no python has numpy"
    output_file || return
    foreign python py sys.argv "$python"
    # The pictures of every shape of file: several arms and one, several replications and one.
    if sh scripts/python.sh h5py pandas matplotlib > /dev/null; then
        "$KITH" run scenarios/illness-death.yaml -o "$work/several.h5" --quiet --set population.families=500 > "$work/log" 2>&1
        "$KITH" run scenarios/chain.yaml -o "$work/one.h5" --quiet --set population.families=500 > "$work/log" 2>&1
        for file in "$KITH_FILE" "$work/several.h5" "$work/one.h5"; do
            rm -rf "$work/plots"
            try "python/plot_$(basename "$file" .h5)" "$(sh scripts/python.sh h5py pandas matplotlib)" scripts/plot.py "$file" -o "$work/plots"
        done
    else
        skip python/plot "no python has h5py, pandas and matplotlib"
    fi
}

r_tests()
{
    if ! command -v Rscript > /dev/null 2>&1; then
        skip R "no Rscript"
        return
    fi
    if ! Rscript --vanilla -e 'quit(status = !(nzchar(system.file(package = "hdf5r")) || nzchar(system.file(package = "rhdf5"))))' \
        > /dev/null 2>&1; then
        skip R "R has neither hdf5r nor rhdf5"
        return
    fi
    output_file || return
    foreign R R commandArgs Rscript --vanilla
}

# The last line of each says what was done.
cluster_tests()
{
    for script in tests/cluster/*.sh; do
        # shellcheck disable=SC2086
        $limit sh "$script" > "$work/log" 2>&1 < /dev/null
        code=$?
        name=cluster/$(basename "$script" .sh)
        if [ $code -eq 0 ]; then ok "$name ($(tail -n 1 "$work/log"))"
        else verdict "$name" $code "$work/log"
        fi
    done
}

style_checks()
{
    try style/layers sh scripts/check-layers.sh
    try style/docs sh scripts/check-docs.sh
    try style/makefile make -n B="$B" all
}

# some_runs KIND PROGRAM OPTION...: everything the program does, on a small scale. Each line below is a test.
some_runs()
{
    kind=$1 program=$2
    shift 2
    dir=$work/$kind
    rm -rf "$dir"
    mkdir "$dir"
    for scenario in chain illness-death district area pressure; do # pressure is england with more
        [ -e "scenarios/$scenario.yaml" ] || continue
        case $scenario in
            chain | district | area) families=200 ;;
            illness-death) families=500 ;;
            *) families=160 ;; # all areas have some
        esac
        try "$kind/run-$scenario" "$program" run "scenarios/$scenario.yaml" -o "$dir/$scenario.h5" --overwrite --quiet \
            --trajectories all --replications 2 --set population.families=$families "$@"
    done
    [ "$kind" = tsan ] && return # the rest has no threads
    for scenario in chain illness-death district area pressure; do # pressure is england with more
        [ -e "$dir/$scenario.h5" ] || continue
        for command in summary info digest; do
            try "$kind/$command-$scenario" "$program" $command "$dir/$scenario.h5"
        done
    done
    try "$kind/compare" "$program" compare "$dir/illness-death.h5" --base baseline --arm cure
    try "$kind/check" "$program" check scenarios/chain.yaml
    try "$kind/describe" "$program" describe scenarios/chain.yaml
    try "$kind/plan" "$program" plan scenarios/illness-death.yaml --set population.families=500
    # The exit code of a report by a sanitizer is 99, so that it is not taken for one of the program's own.
    head -c 5000 "$dir/chain.h5" > "$dir/cut.h5"
    try_code 65 "$kind/bad-scenario" "$program" check tests/cli/bad/01-no-version.yaml
    try_code 74 "$kind/cut-file" "$program" summary "$dir/cut.h5"
}

asan()
{
    ASAN_OPTIONS=exitcode=99:allocator_may_return_null=1:detect_leaks=1
    UBSAN_OPTIONS=print_stacktrace=1:exitcode=99
    export ASAN_OPTIONS UBSAN_OPTIONS
    dir=$B-asan
    # shellcheck disable=SC2046
    set -- $(programs "$dir" unit)
    build asan B="$dir" OPT=-O1 CFLAGS_EXTRA="$asan_flags" all "$@"
    only_built asan "$@"
    # shellcheck disable=SC2086
    try_all asan $built
    if [ -x "$dir/kith" ]; then some_runs asan "$dir/kith"; fi
    unset ASAN_OPTIONS UBSAN_OPTIONS
}
asan_flags='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

# gcc's OpenMP hides its barriers and locks from ThreadSanitizer, which then reports races that are none. Clang's, with
# the tool Archer, does not: two small programs make sure of both before the results are believed.
tsan()
{
    if ! command -v clang > /dev/null 2>&1; then
        skip tsan "no clang; gcc's OpenMP gives false reports"
        return
    fi
    library=$(cd "$(clang -print-resource-dir)/../.." && pwd)
    LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH+:$LD_LIBRARY_PATH}
    # HDF5 and libdeflate are not compiled for it.
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
        build tsan B="$B-tsan" CC=clang OPT=-O1 CFLAGS_EXTRA='-fsanitize=thread' all && some_runs tsan "$B-tsan/kith" --threads 4
    else
        skip tsan "clang's ThreadSanitizer with libomp and libarcher does not work here"
        cat "$work/log"
    fi
    unset TSAN_OPTIONS OMP_TOOL_LIBRARIES LD_LIBRARY_PATH
}

# What the sanitizers do not see: memory that is read before it is written.
valgrind_runs()
{
    if ! command -v valgrind > /dev/null 2>&1; then
        skip valgrind "not installed"
        return
    fi
    for scenario in chain illness-death district area pressure; do # pressure is england with more
        [ -e "scenarios/$scenario.yaml" ] || continue
        try "valgrind/run-$scenario" valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
            "$KITH" run "scenarios/$scenario.yaml" -o "$work/valgrind.h5" --overwrite --quiet --threads 1 --replications 1 \
            --trajectories all --set population.families=20
        try "valgrind/summary-$scenario" valgrind -q --error-exitcode=99 --leak-check=full \
            --errors-for-leak-kinds=definite "$KITH" summary "$work/valgrind.h5"
    done
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
    build fuzz B="$dir" OPT=-O1 CFLAGS_EXTRA="$asan_flags" "$dir/libkith.a" || return
    # shellcheck disable=SC2016 # for make
    flags=$(make -s --eval='kith-flags:;@echo $(CPPFLAGS_ALL) $(LDFLAGS)' kith-flags)
    # shellcheck disable=SC2016
    libraries=$(make -s --eval='kith-libs:;@echo $(LIBS)' kith-libs)
    for source in tests/fuzz/*.c; do
        [ -e "$source" ] || continue
        name=$(basename "$source" .c)
        # shellcheck disable=SC2086
        if ! ${CC-gcc} -std=c11 -O1 -g $asan_flags -fopenmp -ffp-contract=off -DKITH_FUZZ_REPLAY \
            $flags -o "$dir/$name" "$source" "$dir/libkith.a" $libraries > "$work/log" 2>&1; then
            fail "fuzz/$name" "$work/log"
            continue
        fi
        corpus "$name" > "$work/corpus"
        tr '\n' '\0' < "$work/corpus" > "$work/corpus0"
        # shellcheck disable=SC2016 # for the inner shell
        try "fuzz/$name ($(wc -l < "$work/corpus" | tr -d ' ') inputs)" \
            sh -c 'xargs -0 -n 200 "$1" < "$2"' replay "$dir/$name" "$work/corpus0"
    done
}

# Each is a program of its own, in a directory of its own.
fault_tests()
{
    # shellcheck disable=SC2046
    try_all fault $(find "$root/tests/fault" -name '*.sh' ! -name lib.sh | sort)
}

# ---- all of it

started=$(date +%s)
if [ ! -x "$KITH" ]; then
    build run B="$B" all || { echo "$passed passed, $failed failed, $skipped skipped"; exit 1; }
fi
step unit "programs of tests/unit and tests/stat" && unit_tests
step cli "what the program prints and returns" && cli_tests
step bad "wrong scenarios" && bad_scenarios
step python "python's view of the output" && python_tests
step R "R's view of the output" && r_tests
step cluster "parts, MPI, Slurm and other ways over many machines" && cluster_tests
step style "layers and comments" && style_checks
step asan "address and undefined-behaviour sanitizers" && asan
step fuzz "inputs that fuzzing collected" && fuzz
step tsan "thread sanitizer" && tsan
step valgrind "uninitialised memory and leaks" && valgrind_runs
step fault "runs that go wrong, and go on" && fault_tests
if step digest "one result from all compilers, threads and orders"; then
    sh tests/digest.sh > "$work/digest" 2>&1 < /dev/null
    code=$?
    cat "$work/digest"
    passed=$((passed + $(grep -c '^ok ' "$work/digest")))
    skipped=$((skipped + $(grep -c '^SKIPPED ' "$work/digest")))
    count=$(grep -c '^FAIL ' "$work/digest")
    failed=$((failed + count))
    if [ "$count" -gt 0 ]; then failures="$failures digest"
    elif [ $code -ne 0 ]; then fail "digest/digest.sh" "$work/digest"
    fi
fi

echo "== all: $(($(date +%s) - started)) s"
[ -z "$failures" ] || echo "failed:$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
