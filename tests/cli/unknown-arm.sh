"$KITH" run "$SCENARIOS/illness-death.yaml" -o x.h5 --arms cures 2> err.txt
code=$?
sed "s#$SCENARIOS/##" err.txt
exit $code
