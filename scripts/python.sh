#!/bin/sh
# Prints the path of a python that has the given modules; exit code 1 and nothing printed if there is none.
#
# usage: scripts/python.sh [--quick] [MODULE...]
#
# The first python3 in PATH is often not the one that the distribution's modules belong to, so several are tried:
# $KITH_PYTHON, python3, that of an active conda environment, /usr/bin/python3 and Homebrew's. The modules are really
# imported, because one that is there but broken is of no use; --quick only looks whether they can be found.
set -u
code='import sys
for name in sys.argv[1:]:
    __import__(name)'
if [ "${1-}" = --quick ]; then
    shift
    code='import sys
from importlib.util import find_spec
sys.exit(not all(find_spec(name) for name in sys.argv[1:]))'
fi
for python in "${KITH_PYTHON-}" python3 "${CONDA_PREFIX-}/bin/python3" /usr/bin/python3 /usr/local/bin/python3 \
    /opt/homebrew/bin/python3; do
    [ -n "$python" ] || continue
    path=$(command -v "$python" 2> /dev/null) || continue
    if "$path" -c "$code" "$@" > /dev/null 2>&1 < /dev/null; then
        echo "$path"
        exit 0
    fi
done
exit 1
