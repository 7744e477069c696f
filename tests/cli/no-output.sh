"$KITH" run "$SCENARIOS/chain.yaml"
