"$KITH" run nowhere.yaml -o x.h5 2> err.txt
code=$?
grep -c 'nowhere.yaml' err.txt
[ ! -e x.h5 ] || echo "something was written"
exit $code
