#!/bin/sh
# Runs the demonstration: simulates scenarios/demo.yaml, prints its results and draws them; `make run` calls it.
#
# usage: scripts/demo.sh [BUILD]
set -eu

cd "$(dirname "$0")/.."
B=${1-build}
scenario=scenarios/demo.yaml
out=$B/demo.h5
plots=$B/demo-plots

# show COMMAND...: what is run can be typed again
show()
{
    echo
    echo "\$ $*"
    "$@"
}

show "$B/kith" run "$scenario" -o "$out" --overwrite
show "$B/kith" summary "$out"

drawn=
if python=$(sh scripts/python.sh h5py pandas matplotlib); then
    show "$python" scripts/plot.py "$out" -o "$plots"
    drawn=1
else
    cat << 'END'

NO PICTURES: there is no python with h5py, pandas and matplotlib. `sh scripts/setup.sh run` says how to get them; KITH_PYTHON names
a python that has them.
END
fi

# The arms of the scenario, for an example that works: the first, and early_help's kin or else the second.
arms=$("$B/kith" info --json "$out" 2> /dev/null | tr -d ' \n' | sed -n 's/.*"arms":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr ',' ' ')
base=baseline arm=earlier_help
case " $arms " in
    *" $base "*" $arm "*) ;;
    *)
        # shellcheck disable=SC2086
        set -- $arms
        [ $# -ge 2 ] && base=$1 arm=$2 ;;
esac

echo
echo "Written:"
echo "  $out        all results: h5py, pandas, xarray, R and h5dump read it"
[ -z "$drawn" ] || for file in "$plots"/*.png; do echo "  $file"; done
cat << END

What to try next:
  $B/kith compare $out --base $base --arm $arm
  $B/kith info $out
  $B/kith describe $scenario
  $B/kith run $scenario -o $B/more.h5 --replications 40    (narrower intervals)
END
