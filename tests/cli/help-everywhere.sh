for command in check describe plan run summary compare info digest; do
    "$KITH" $command --help > help.txt || echo "$command --help failed"
    grep -q Example help.txt || echo "$command --help shows no example"
done
