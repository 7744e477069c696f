# What the tests of faults share; each begins with `. lib.sh`. They work in a directory of their own, $work, and use
#
#   KITH ROOT SCENARIOS   as for the other tests; by default those of this checkout
#   CC                    the compiler of the few programs in C that they need (cc)
#   FAULT_SEED            what random moments are drawn from (1)
#
# Each prints what it found wrong, then a table of the faults it made, and its exit code is 1 if anything was wrong, 77 if
# this machine cannot make these faults.
# shellcheck shell=sh
set -u
LC_ALL=C # the system's reasons are looked for in messages
export LC_ALL
umask 022
ROOT=${ROOT-$(cd "$(dirname "$0")/../.." && pwd)}
KITH=${KITH-$ROOT/build/kith}
SCENARIOS=${SCENARIOS-$ROOT/scenarios}
FAULTS=$ROOT/tests/fault
work=$(mktemp -d) || exit 1
work=$(cd "$work" && pwd -P) || exit 1
children=
mounted=
wrong=0

tidy()
{
    for child in $children; do kill -KILL "$child" 2> /dev/null; done
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$work"
}
trap tidy EXIT
trap 'exit 1' INT TERM HUP
cd "$work" || exit 1
: > table

# A run that hangs is a failure, with the exit code 124 or 137.
limit=
# shellcheck disable=SC2034
command -v timeout > /dev/null 2>&1 && limit='timeout -k 5 120'

# bad TEXT [FILE]: something is wrong; FILE holds what was said
bad()
{
    wrong=$((wrong + 1))
    echo "WRONG: $1"
    if [ -n "${2-}" ] && [ -e "$2" ]; then tail -n 5 "$2" | sed 's/^/    | /'; fi
}

skip()
{
    echo "$1"
    exit 77
}

# row FAULT HOW TIMES CODES CELLS: a line of the table
row()
{
    printf '| %s | %s | %s | %s | %s |\n' "$@" >> table
}

finish()
{
    if [ -s table ]; then
        echo '| fault | how it was made | times | exit codes | finished cells lost |'
        cat table
    fi
    [ $wrong -eq 0 ] || { echo "$wrong wrong"; exit 1; }
    exit 0
}

# tool NAME: compiles NAME.c to ./NAME
tool()
{
    ${CC-cc} -std=c11 -O1 -o "$work/$1" "$FAULTS/$1.c" > "$work/$1.log" 2>&1 || {
        cat "$work/$1.log"
        exit 1
    }
}

# Compiles the library that injects faults, to $work/inject.so, or skips the test.
inject_library()
{
    if [ "$(uname -s)" != Linux ] || [ ! -e /proc/self/fd ]; then skip "faults are injected on Linux only"; fi
    ${CC-cc} -std=c11 -O1 -shared -fPIC -o "$work/inject.so" "$FAULTS/inject.c" -ldl > "$work/inject.log" 2>&1 ||
        skip "the library that injects faults does not compile here: $(grep -m 1 error "$work/inject.log")"
    # A program linked statically, or one with a sanitizer that wants to be first, would not notice it.
    mkdir "$work/try"
    LD_PRELOAD=$work/inject.so FAULT_PATH=$work/try FAULT_TRACE=$work/try.trace "$KITH" run "$SCENARIOS/chain.yaml" \
        -o "$work/try/out.h5" --quiet --set population.families=10 > "$work/try.log" 2>&1
    grep -q '^write ' "$work/try.trace" 2> /dev/null || skip "this program does not take injected faults"
    rm -rf "$work/try"
}

# digest FILE: of its results; nothing if it cannot be read
digest()
{
    "$KITH" digest "$1" 2> /dev/null | awk '{ print $1 }'
}

# count WHAT FILE: a number that `kith status` gives; 0 if there is nothing
count()
{
    "$KITH" status "$2" --json 2> /dev/null | awk -v what="\"$1\": *" '{ if (match($0, what "[0-9]+")) {
        n = substr($0, RSTART, RLENGTH); sub(/.*: */, "", n); print n + 0; found = 1; exit } }
        END { if (!found) print 0 }'
}

# cells FILE: how many finished cells there are
cells()
{
    count finished "$1"
}

# says FILE TEXT...: whether the message in FILE has all of these words, whatever their case
says()
{
    said=$1
    shift
    for text in "$@"; do
        grep -qiF -- "$text" "$said" || return 1
    done
}

# alone DIRECTORY FILE DIGEST WHAT [LOG]: FILE has to have that digest and be alone in its directory
alone()
{
    found_digest=$(digest "$1/$2")
    [ "$found_digest" = "$3" ] || bad "$4: digest ${found_digest:-none}, expected $3" "${5-}"
    nothing_beside "$1" "$2" "$4" "${5-}"
}

# nothing_beside DIRECTORY FILE WHAT [LOG]: FILE has to be alone, but for damaged shards that were set aside
nothing_beside()
{
    found_files=$(find "$1" -mindepth 1 ! -path "$1/$2" ! -name '*.damaged' | sort)
    [ -e "$1/$2" ] || bad "$3: no $2" "${4-}"
    [ -z "$found_files" ] && return
    # The directory of cells is only there for what was set aside.
    if [ "$found_files" = "$1/$2.cells" ] && [ "$(ls -A "$1/$2.cells")" ]; then return; fi
    bad "$3: left beside $2: $found_files" "${4-}"
}

# randoms NUMBER: opens descriptor 3, from which so many numbers between 0 and 1 can be read, one a line
randoms()
{
    awk -v seed="${FAULT_SEED-1}" -v n="$1" 'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%.6f\n", rand() }' \
        > "$work/randoms"
    exec 3< "$work/randoms"
}

# codes FILE: how often each number in FILE, one a line: "74 (12 times), 0"
codes()
{
    sort -n "$1" | uniq -c | awk '{ printf "%s%s%s", (NR > 1 ? ", " : ""), $2, ($1 > 1 ? " (" $1 "x)" : "") }'
}
