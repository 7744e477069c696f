# one digest whatever the number of threads and the order of events
for how in "--threads 1" "--threads 2" "--threads 7" "--order queue" "--order family --threads 3"; do
    "$KITH" run "$SCENARIOS/chain.yaml" -o d.h5 --overwrite --quiet --set population.families=20000 --replications 2 \
        --trajectories all $how || exit
    "$KITH" digest d.h5
done | sort -u | wc -l | tr -d ' '
"$KITH" run "$SCENARIOS/chain.yaml" -o d2.h5 --quiet --set population.families=20000 --replications 2 \
    --trajectories all --seed 2
[ "$("$KITH" digest d.h5)" != "$("$KITH" digest d2.h5)" ] && echo "another seed, another digest"
