#!/bin/sh
# Checks that what others use is explained: every header says what it is for, every function declared in one has a
# comment directly above it, or above the group of declarations (without an empty line) that it stands in, or beside it;
# and every script, scenario and source without a header of its own begins with a comment.
#
# usage: scripts/check-docs.sh
#
# Prints what is wrong, one line each; exit code 1 if anything is.
set -u

cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

headers=$(find engine models -name '*.h' | sort)

# ---- declarations
for file in $headers; do
    awk -v file="$file" '
        function starts_comment(text) { return text ~ /^[ \t]*\/[*\/]/ }
        # Code of the line without comments and texts; sets `inside` and `beside` (a comment stands after code).
        function strip(line,    code, at, token) {
            code = ""
            beside = 0
            while (line != "") {
                if (inside) {
                    at = index(line, "*/")
                    if (!at) return code
                    line = substr(line, at + 2)
                    inside = 0
                } else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)+\047/)) {
                    token = substr(line, RSTART, RLENGTH)
                    code = code substr(line, 1, RSTART - 1)
                    line = substr(line, RSTART + RLENGTH)
                    if (token == "/*" || token == "//") {
                        if (code ~ /[^ \t]/) beside = 1
                        if (token == "//") return code
                        inside = 1
                    }
                } else
                    return code line
            }
            return code
        }
        {
            was_inside = inside
            code = strip($0)
            if (was_inside || starts_comment($0)) {
                documented = 1
                if (code !~ /[^ \t]/) next
            }
            if (code !~ /[^ \t]/) { # an empty line ends a group
                documented = 0
                next
            }
            if (code ~ /^[ \t]*#/ || continued) { # the preprocessor
                continued = code ~ /\\$/
                next
            }
            if (!statement) { statement_line = NR; text = ""; noted = documented }
            statement = 1
            noted = noted || beside
            text = text " " code
            # The body of a struct or a function counts as its own.
            opened = gsub(/\{/, "{", code)
            closed = gsub(/\}/, "}", code)
            depth += opened - closed
            if (depth > 0) next
            if (code !~ /[;}][ \t]*$/) next
            statement = 0
            declaration = text
            sub(/\{.*/, "", declaration)
            gsub(/__attribute__[ \t]*\(\(.*\)\)/, "", declaration)
            if (declaration ~ /^[ \t]*(typedef|_Static_assert|extern "C")/ || declaration ~ /=/) next
            if (declaration ~ /^[ \t]*(struct|union|enum)[ \t]+[A-Za-z0-9_]+[ \t]*;?[ \t]*$/) next
            if (!match(declaration, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) next
            name = substr(declaration, RSTART, RLENGTH)
            sub(/[ \t]*\($/, "", name)
            if (name == "KITH_PRINTF" || name == "extern") next
            if (!noted) print file ":" statement_line ": " name " has no comment above it"
        }' "$file"
done > "$work/wrong"

# ---- files
# shellcheck disable=SC2129 # one loop, one kind of file
for file in $headers; do
    # Before anything is declared: within the first lines that are no include guard.
    awk '/\/\*|\/\// { found = 1; exit } /[;{]/ { exit } END { exit !found }' "$file" ||
        echo "$file:1: does not say what it is for"
done >> "$work/wrong"
for file in $(find engine models tests bench -name '*.c' | sort); do
    [ -e "${file%.c}.h" ] && continue
    # Sources that implement a header of another name may say so in any comment.
    grep -qE '/\*|//' "$file" || echo "$file:1: does not say what it is for"
done >> "$work/wrong"
for file in $(find scripts tests bench .ci -name '*.sh' -o -name '*.py' -o -name '*.R' -o -path .ci/run | sort) \
    $(find scenarios -name '*.yaml' | sort) Makefile; do
    case $file in tests/cli/*) continue ;; esac # short, and named for what they test
    head -n 3 "$file" | grep -qE '^(#[^!]|"""|r""")' || echo "$file:1: does not say what it is for"
done >> "$work/wrong"

if [ -s "$work/wrong" ]; then
    cat "$work/wrong"
    echo "check-docs: $(wc -l < "$work/wrong" | tr -d ' ') wrong"
    exit 1
fi
echo "check-docs: all $(echo "$headers" | wc -l | tr -d ' ') headers explain what they declare"
