"$KITH" run "$SCENARIOS/chain.yaml" -o nowhere/x.h5 --set population.families=10 --quiet 2> err.txt
code=$?
grep -c 'nowhere/x.h5' err.txt
exit $code
