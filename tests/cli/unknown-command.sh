"$KITH" sumary
