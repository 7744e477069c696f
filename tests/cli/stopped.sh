# SIGTERM: what was finished is written and readable, and the exit code says so
"$KITH" run "$SCENARIOS/chain.yaml" -o s.h5 --set population.families=20000 --replications 1000000 --threads 2 --quiet &
pid=$!
sleep 3
kill -TERM $pid
wait $pid
code=$?
"$KITH" summary s.h5 > summary.txt || echo "not readable"
grep -q 'stock.chain.s0' summary.txt || echo "no results"
[ ! -e s.h5.tmp ] || echo "a temporary file is left"
exit $code
