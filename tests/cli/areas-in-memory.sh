# two threads never both have a large coupled area in memory while there are small ones; where all are large they must
cat > peak.py <<'P'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
P
# peak TABLE FAMILIES THREADS: peak memory, less that of a run of 1,000 families
peak()
{
    for families in 1000 "$2"; do
        python3 peak.py "$KITH" run s.yaml -o x.h5 --overwrite --quiet --threads "$3" --set "population.areas.table=$1" \
            --set "population.families=$families" || exit
    done | { read -r least; read -r all; echo $((all - least)); }
}
cp "$SCENARIOS/area.yaml" area.yaml
cat > s.yaml <<'Y'
extends: area.yaml
time: {counted: 2 years}
population: {areas: {table: some.csv, code: code, name: name, size: families}}
Y
{
    echo code,name,families
    for i in $(seq 48); do echo "s$i,small $i,25000"; done
    echo 'l1,large 1,300000'
    echo 'l2,large 2,300000'
} > some.csv
printf 'code,name,families\nl1,large 1,300000\nl2,large 2,300000\n' > large.csv
one=$(peak some.csv 1800000 1)
[ $((10 * $(peak some.csv 1800000 2))) -lt $((13 * one)) ] && echo "among small ones: one large area at a time"
[ $((10 * $(peak large.csv 600000 2))) -gt $((16 * one)) ] && echo "large ones only: two at a time"

# every row of 40 years of one area takes no more memory than of 4: they wait for being sorted in a file
rows()
{
    python3 peak.py "$KITH" run area.yaml -o x.h5 --overwrite --quiet --threads 1 --trajectories all \
        --set population.families=200000 --set "time.counted=$1 years" || exit
}
[ $(($(rows 40) - $(rows 4))) -lt 12000 ] && echo "rows: ten times as many in the same memory"
