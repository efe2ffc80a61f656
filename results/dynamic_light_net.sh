#!/bin/sh
# Cells that carry features from frame to frame, searched on a light static network; the two best in full.
# SAMPLER=random and another RUNS folder is the control. STATIC: another static run, such as one of arch2.
. "$(dirname "$0")/steps.sh"

STATIC=${STATIC:-$RUNS/template-arch1}
SAMPLER=${SAMPLER:-ppo}
if [ "$STATIC" = "$RUNS/template-arch1" ]; then
    image "$STATIC" template-arch1
fi
search "$RUNS/cells-$SAMPLER" dynamic --static "$STATIC" --sampler "$SAMPLER" --trials "$TRIALS"
best "$RUNS/cells-$SAMPLER" "${TOP:-2}" "$RUNS/dynamic-$SAMPLER" --static "$STATIC"
