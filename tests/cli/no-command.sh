# without a command the help goes to stderr and the exit code is that of wrong usage
"$KITH" 2> help.txt
code=$?
grep -c 'kith run' help.txt
exit $code
