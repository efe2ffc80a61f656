#!/bin/sh
# Every row of the README's table: all scripts of this folder, the times of their networks beside each other, and the
# table. About seven hours at the scripts' own minutes.
. "$(dirname "$0")/steps.sh"

for row in template_arch0 template_arch1 static_arch2 template_search lgc street_still street dynamic_arch0 dynamic_arch2; do
    sh "$HERE/$row.sh" "$DATA" "$RUNS"
done
set -- template_arch0="$RUNS/template-arch0" template_arch1="$RUNS/template-arch1" static_arch2="$RUNS/arch2" \
    lgc="$RUNS/lgc" street_still="$RUNS/street-still" street="$RUNS/street"
for found in template arch0-cell arch2-cell; do
    for run in "$RUNS/$found-$SAMPLER-best"/*; do
        set -- "$@" "$found-$SAMPLER-$(basename "$run")=$run"
    done
done
"$PYTHON" "$HERE/times.py" "$@" --data "$DATA" --seconds "$SECONDS_TIMED" --folder "$FIGURES"
"$PYTHON" "$HERE/table.py" "$FIGURES"
