# what a scenario names itself has to be a regular file: nothing waits at a pipe, opens a device or follows a circle
mkfifo pipe
mkdir folder
ln -s /dev/zero zero
ln -s round about
ln -s about round
dd if=/dev/null of=sparse bs=1 count=0 seek=1000000000000 2> /dev/null
for name in pipe folder zero about sparse none ../up /etc/passwd x/../../up "p\\x1b[2J"; do
    echo "extends: \"$name\"" > s.yaml
    "$KITH" check s.yaml 2>&1
    cat > t.yaml <<Y
kith: 1
time: {counted: 2 years}
population: {families: 100, areas: {table: "$name", code: a, size: b}}
charts: {c: {of: family, states: [a]}}
Y
    "$KITH" check t.yaml 2>&1
done
printf 'a,b\nx,1\ny\033[2J,2\n' > escape.csv
sed 's/table: "[^,]*"/table: escape.csv/' t.yaml > u.yaml
"$KITH" check u.yaml 2>&1
# the file that is asked for may be a pipe
"$KITH" check pipe &
printf 'kith: 1\ntime: {counted: 2 years}\npopulation: {families: 100}\ncharts: {c: {of: family, states: [a]}}\n' > pipe
wait
