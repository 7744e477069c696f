#!/bin/sh
# Kills runs with SIGKILL at random moments, the putting together of the file at the end included, and resumes them until
# they complete. The result has to be that of an uninterrupted run every time, nothing but it may be left, and cells that
# were finished must not get lost.
#
# usage: tests/fault/kill-loop.sh [KILLS]      25 by default, 200 take some minutes
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
wanted=${1-25}
tool strike
randoms $((wanted * 60 + 2000))

all_kills=0 all_runs=0 all_ends=0

# run_it OPTION...: the command of this variant, killed as $strike says
run_it()
{
    # shellcheck disable=SC2086 # lists of words
    ./strike $strike report "$KITH" run $arguments -o "dir/$file" "$@" > log 2>&1
    read -r code _ took after < report
    runs=$((runs + 1))
}

# ended: the run came to its end by itself, and has simulated nothing that was there
ended()
{
    ends=$((ends + 1))
    if [ "$found" -gt 0 ] && ! says log "$found of " && ! says log "all $found cells"; then
        lost=$((lost + 1))
        bad "$name: $found cells were finished, but were not all taken up" log
    fi
    if [ "$file" = out.h5 ]; then
        alone dir out.h5 "$expected" "$name" log
    else
        # A part is right if it gives the whole result together with the others.
        nothing_beside dir "$file" "$name" log
        "$KITH" merge "dir/$file" others/* -o merged.h5 --overwrite > log 2>&1 || bad "$name: merge: exit code $?" log
        [ "$(digest merged.h5)" = "$expected" ] || bad "$name: another digest" log
    fi
}

# variant NAME KILLS SHARD ARGUMENT...: SHARD is "whole" or like 2/3
variant()
{
    name=$1 quota=$2 shard=$3
    shift 3
    arguments=$* kills=0 runs=0 ends=0 found_sum=0 lost=0 in_merge=0
    rm -rf dir others
    mkdir dir others
    file=out.h5
    strike='NONE 0 -f dir/out.h5.tmp'
    run_it
    [ "$code" -eq 0 ] || { bad "$name: exit code $code without any kill" log; return; }
    expected=$(digest dir/out.h5)
    merge_time=$after
    if [ "$shard" != whole ]; then
        file=part
        i=1
        while [ $i -le "${shard#*/}" ]; do
            # shellcheck disable=SC2086
            [ $i -eq "${shard%/*}" ] || "$KITH" run $arguments -o others/$i --quiet --shard "$i/${shard#*/}" > log 2>&1 ||
                bad "$name: exit code $? of part $i" log
            i=$((i + 1))
        done
        arguments="$arguments --shard $shard"
        rm -rf dir
        mkdir dir
        strike="NONE 0 -f dir/part.tmp"
        run_it
        merge_time=$after
    fi
    full_time=$took runs=0
    while [ $kills -lt "$quota" ]; do
        rm -rf dir
        mkdir dir
        found=0 resume=
        while :; do
            read -r which <&3
            read -r random <&3 || { bad "no random numbers left"; return; }
            # One in four falls into the last part, where the file is put together; the others anywhere.
            strike=$(awk -v which="$which" -v random="$random" -v full="$full_time" -v merging="$merge_time" -v tmp="dir/$file.tmp" \
                'BEGIN { if (which < 0.25) printf "KILL %d -f %s", random * 1000 * (merging + 2), tmp
                         else printf "KILL %d", random * 1000 * full * 0.6 }')
            # shellcheck disable=SC2086
            run_it $resume
            case $code in
                0) ended; break ;;
                137)
                    kills=$((kills + 1))
                    [ -e "dir/$file.tmp" ] && in_merge=$((in_merge + 1))
                    now=$(cells "dir/$file")
                    if [ "$now" -lt "$found" ]; then
                        lost=$((lost + found - now))
                        bad "$name: $found cells were finished, after another kill only $now"
                    fi
                    found=$now found_sum=$((found_sum + now))
                    if [ -e dir/out.h5 ] && [ "$(digest dir/out.h5)" != "$expected" ]; then
                        bad "$name: a wrong file after a kill"
                    fi
                    resume=--resume ;;
                *) bad "$name: exit code $code" log; break ;;
            esac
            if [ $kills -ge "$quota" ]; then
                strike='NONE 0'
                run_it --resume
                [ "$code" -eq 0 ] || bad "$name: exit code $code of --resume" log
                ended
                break
            fi
        done
        [ "$wrong" -lt 20 ] || return
    done
    all_kills=$((all_kills + kills)) all_runs=$((all_runs + runs)) all_ends=$((all_ends + ends))
    echo "$name: $full_time ms when not killed; $kills kills ($in_merge while the file was put together) in $runs runs," \
        "$ends complete; $((found_sum / kills)) finished cells found on average after a kill"
    row "SIGKILL: $name" "at a random moment" "$kills" "137, then 0" "$lost"
}

# Merging is killed and begun again: parts stay as they are.
merge_variant()
{
    name='kith merge' quota=$1 kills=0 runs=0
    rm -rf dir
    mkdir dir
    ./strike NONE 0 report "$KITH" merge others/* dir-part -o dir/out.h5 > log 2>&1
    read -r code _ full_time after < report
    [ "$code" -eq 0 ] || { bad "$name: exit code $code" log; return; }
    while [ $kills -lt "$quota" ] && [ $runs -lt $((quota * 10)) ]; do
        rm -rf dir
        mkdir dir
        code=137
        while [ "$code" -eq 137 ] && [ $kills -lt "$quota" ]; do
            read -r random <&3
            ./strike KILL "$(awk -v r="$random" -v t="$full_time" 'BEGIN { printf "%d", r * t * 1100 }')" report \
                "$KITH" merge others/* dir-part -o dir/out.h5 > log 2>&1
            read -r code _ took after < report
            runs=$((runs + 1))
            [ "$code" -ne 137 ] || kills=$((kills + 1))
            # Killed after the file was in its place: complete, and not to be written again without being told to.
            [ ! -e dir/out.h5 ] || break
        done
        if [ -e dir/out.h5 ]; then
            [ "$(digest dir/out.h5)" = "$expected" ] || bad "$name: a wrong file after a kill"
        fi
        "$KITH" merge others/* dir-part -o dir/out.h5 --overwrite > log 2>&1 || bad "$name: exit code $?" log
        alone dir out.h5 "$expected" "$name" log
    done
    all_kills=$((all_kills + kills)) all_runs=$((all_runs + runs))
    echo "$name: $full_time ms when not killed; $kills kills in $runs runs"
    row "SIGKILL: $name" "at a random moment" "$kills" "137, then 0" 0
}

share=$(((wanted + 5) / 6))
demo="$SCENARIOS/demo.yaml --set population.families=3455 --replications 1"
area="$SCENARIOS/area.yaml --set population.families=200000 --set population.areas=100 --replications 4"
variant "one thread" $share whole "$demo --threads 1"
variant "two threads" $share whole "$demo --threads 2"
variant "every event written, two threads" $share whole "$demo --threads 2 --trajectories all"
variant "coupled areas" $share whole "$area --threads 2 --trajectories all"
variant "--shard 2/3" $share 2/3 "$area --threads 1"
mv dir/part dir-part
merge_variant $share
if [ "$wanted" -ge 100 ]; then
    variant "coupled areas, England" $share whole "$SCENARIOS/pressure.yaml --set population.families=6910 --replications 1 --threads 2"
fi
echo "$all_kills kills, $all_runs runs, $all_ends complete, $wrong wrong"
finish
