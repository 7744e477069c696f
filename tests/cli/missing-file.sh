"$KITH" summary nowhere.h5 2> err.txt
code=$?
grep -c 'nowhere.h5' err.txt
exit $code
