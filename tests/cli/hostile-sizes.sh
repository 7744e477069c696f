# small files that would be huge if taken at their word: each is refused at once, with a line and a reason
head='kith: 1
time: {counted: 170 years}
population: {families: 100}'
chart='charts:
  c:
    of: family
    states: [a, b]
    clocks: [{from: a, to: b, hazard: {exponential: 1 /year}}]'
repeat() { awk -v n="$1" -v f="$2" 'BEGIN { for (i = 0; i < n; i++) printf f, i, i, i; print "" }'; }
check()
{
    ulimit -v 4000000 2> /dev/null
    name=$1
    cat > "$name.yaml"
    timeout 60 "$KITH" check "$name.yaml" > out.txt 2> err.txt
    code=$?
    head -n 1 err.txt
    [ $code -eq 65 ] || echo "$name: exit code $code"
}
{ echo "$head"; echo 'a: &a [1,1,1,1,1,1,1,1,1,1]'; repeat 9 'a%d: &a%d [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n' |
    awk 'NR == 1 { sub(/&a0 /, "\\&b0 "); print; next } NF { i = NR - 1; sub("&a" i, "\\&b" i); gsub(/\*a/, "*b" (i - 1)); print }'; } | check aliases
{ echo "$head"; echo "x: $(repeat 100000 '[')"; } | check deep
{ echo "$head"; echo "title: $(repeat 70000 x)"; } | check long
{ repeat 1000 '%%TAG !t%d! x\n'; echo "---"; echo "$head"; } | check tags
{ echo "$head"; echo "$chart"; echo "targets: ["; repeat 1001 '{measure: x, value: 1},'; echo "]"; } | check targets
{ echo "$head"; echo "$chart"; echo "parameters: {p: 1}"; echo "arms: {a: {steps: ["; repeat 4001 '{from: 0.0%06d years, set: {p: 1}},'; echo "]}}"; } | check changes
{ echo "$head"; echo "$chart"; echo "arms:"; repeat 1000 '  a%d: {}\n'; echo "costs:"; repeat 100 '  c%d: {of: {c.a: GBP 1 /year}}\n'; } | check costs
{ echo "$head"; echo "charts: {c: {of: family, states: [a, b], clocks: ["; repeat 4097 '{name: k%d, from: [], to: b, hazard: {exponential: 1 /year}},'; echo "]}}"; } | check clocks
{ echo "$head"; echo "$chart"; echo "measures:"; echo "  m0: {flow: c.a.b}"; repeat 40 '  m%d: {sum: [m, m]}\n' | awk 'NR > 1 && NF { i = NR - 1; gsub(/\[m, m\]/, "[m" (i - 1) ", m" (i - 1) "]"); print }'; } | check sums
{ echo "$head" | sed 's/100}/100, represents: 1, households: {sizes: {1: 1}, births: 1e12 \/year}}/'; echo "$chart"; } | check births
{ echo "$head"; echo "charts: {c: {of: family, states: [a, $(repeat 101 x)]}}"; } | check name
