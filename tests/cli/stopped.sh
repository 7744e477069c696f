# SIGTERM: what was finished is kept, can be looked at and gone on with, and the exit code says so
set -- run "$SCENARIOS/chain.yaml" -o s.h5 --set population.families=20000 --threads 2 --quiet
"$KITH" "$@" --replications 1000000 2> err.txt &
pid=$!
sleep 3
kill -TERM $pid
wait $pid
code=$?
grep -q 'cells are finished, in s.h5.cells' err.txt || echo "no message"
[ ! -e s.h5 ] || echo "an output file that is not complete"
"$KITH" merge s.h5.cells -o partial.h5 --partial --quiet 2> err.txt || echo "cannot be merged"
"$KITH" summary partial.h5 | grep -q 'stock.chain.s0' || echo "no results"
"$KITH" "$@" --replications 3 --resume || echo "cannot be gone on with"
"$KITH" run "$SCENARIOS/chain.yaml" -o t.h5 --set population.families=20000 --quiet --replications 3
[ "$("$KITH" digest s.h5)" = "$("$KITH" digest t.h5)" ] || echo "other results"
[ ! -e s.h5.cells ] || echo "the directory is left"
exit $code
