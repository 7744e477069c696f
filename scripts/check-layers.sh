#!/bin/sh
# Checks that the rooms of engine/ depend on each other in one direction only, and the rules that go with it.
#
# usage: [B=build] scripts/check-layers.sh
#
# Prints what is wrong, one line each; exit code 1 if anything is. Global variables are looked for in the objects of the
# build directory $B, so they are only seen if it is built.
set -u

# ROOM: the rooms whose headers it may include, besides its own. `kith` stands for kith.h. A name with a slash is one
# header.
allowed='
base
rng         base
sched       base
resource    base sched
scenario    base
sim         base rng sched resource scenario
record      base scenario sim
stats       base record
run         base rng scenario sim record
cli         base rng sched resource scenario sim record stats run kith models
models      kith models rng/draw.h rng/real.h rng/lanes.h
kith        base resource rng scenario sched sim
'

cd "$(dirname "$0")/.." || exit 1
B=${B-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
files=$(find engine models -name '*.[ch]' | sort)

# ---- arrows
# shellcheck disable=SC2086
grep -nE '^[ \t]*#[ \t]*include[ \t]*"' $files /dev/null | awk -v allowed="$allowed" '
    BEGIN {
        n = split(allowed, line, "\n")
        for (i = 1; i <= n; i++) {
            m = split(line[i], word, " ")
            if (m) room[word[1]] = 1
            for (j = 2; j <= m; j++) may[word[1], word[j]] = 1
        }
    }
    # The room of a file: its folder under engine/, or models, or kith.
    function room_of(path) {
        if (path ~ /^models\//) return "models"
        if (path == "engine/kith.h") return "kith"
        sub(/^engine\//, "", path)
        sub(/\/.*/, "", path)
        return path
    }
    # Where an include leads: beside the file, with its dots resolved, or from engine/ or the top.
    function resolve(from, to,    folder) {
        folder = from
        sub(/\/[^\/]*$/, "", folder)
        if (to ~ /^\.\.?\//) {
            while (to ~ /^\.\.?\//) {
                if (to ~ /^\.\.\//) sub(/\/[^\/]*$/, "", folder)
                sub(/^\.\.?\//, "", to)
            }
            return folder "/" to
        }
        if (to ~ /^models\//) return to
        if (to == "kith.h") return "engine/kith.h"
        if (to ~ /\// && !((getline junk < (folder "/" to)) >= 0)) return "engine/" to
        return folder "/" to
    }
    {
        split($0, part, ":")
        from = part[1]
        to = $0
        sub(/^[^"]*"/, "", to)
        sub(/".*/, "", to)
        target = resolve(from, to)
        a = room_of(from)
        b = room_of(target)
        header = target
        sub(/^engine\//, "", header)
        if (!(a in room)) print from ":" part[2] ": room " a " is not in the table of check-layers.sh"
        else if (a != b && !((a, b) in may) && !((a, header) in may))
            print from ":" part[2] ": " a " may not include " header
    }' > "$work/wrong"

# ---- words
# Comments and texts are blanked first, so that only code counts.
# shellcheck disable=SC2086
for file in $files; do
    awk -v file="$file" '
        {
            line = $0
            code = ""
            while (line != "") {
                if (inside) {
                    at = index(line, "*/")
                    if (!at) break
                    line = substr(line, at + 2)
                    inside = 0
                } else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)+\047/)) {
                    token = substr(line, RSTART, RLENGTH)
                    code = code substr(line, 1, RSTART - 1)
                    line = substr(line, RSTART + RLENGTH)
                    if (token == "/*") inside = 1
                    else if (token == "//") break
                    else code = code "\"\""
                } else {
                    code = code line
                    break
                }
            }
            print file ":" NR ":" code
        }' "$file"
done > "$work/code"

# rule FILES-NOT-MEANT PATTERN WHAT
rule()
{
    grep -vE "^($1)" "$work/code" | grep -E "^[^:]*:[0-9]*:.*($2)" | sed "s/^\([^:]*:[0-9]*\):.*/\1: $3/" >> "$work/wrong"
}
not_name='(^|[^A-Za-z0-9_])'
rule 'engine/run/' '#[ \t]*pragma[ \t]+omp[ \t]+(parallel|critical|for|task|single|master|sections|atomic|barrier|threadprivate)' 'only run\/ has threads'
rule 'engine/run/' '#[ \t]*include[ \t]*<(mpi|omp|pthread|threads)\.h>' 'only run\/ has threads'
rule 'engine/record/' '#[ \t]*include[ \t]*<(hdf5|hdf5_hl|H5[A-Za-z]*)\.h>' 'only record\/ knows HDF5'
rule 'engine/cli/' "$not_name(exit|_exit|_Exit|quick_exit|abort|longjmp|setjmp|siglongjmp)[ \t]*\(" 'nothing below cli\/ ends the program or jumps; return a status'
rule 'none' "$not_name(_Thread_local|__thread|thread_local)" 'no state that is hidden in threads'

# ---- globals: symbols in writable sections. Tables of pointers are constant too, but live in .data.rel.ro.
if ! command -v objdump > /dev/null 2>&1; then
    echo "check-layers: no objdump: did not look for global variables" >&2
elif [ -z "$(find "$B/engine" -name '*.o' 2> /dev/null | head -n 1)" ]; then
    echo "check-layers: $B is not built: did not look for global variables" >&2
else
    # shellcheck disable=SC2086
    for file in $files; do
        object=$B/${file%.c}.o
        case $file in engine/cli/* | *.h) continue ;; esac
        [ -e "$object" ] || continue
        objdump -t "$object" 2> /dev/null | awk -v file="$file" '
            $0 ~ /[ \t](\.data|\.bss|\.tdata|\.tbss|\*COM\*|\.data\.[^r][^ \t]*|\.bss\.[^ \t]*)[ \t]/ && $NF !~ /^\./ {
                print file ": variable " $NF " is not constant; keep state in what the caller passes"
            }'
    done >> "$work/wrong"
fi

if [ -s "$work/wrong" ]; then
    sort -t : -k 1,1 -k 2,2n "$work/wrong"
    echo "check-layers: $(wc -l < "$work/wrong" | tr -d ' ') wrong"
    exit 1
fi
echo "check-layers: all $(echo "$files" | wc -l | tr -d ' ') files keep the rules"
