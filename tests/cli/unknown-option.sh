"$KITH" run "$SCENARIOS/chain.yaml" -o x.h5 --replicatons 3
