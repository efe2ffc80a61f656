#!/bin/sh
# A template network that is searched for: candidates grow on the trained stem of arch2, the best is trained from it.
. "$(dirname "$0")/steps.sh"

SAMPLER=${SAMPLER:-ppo}
image "$RUNS/arch2" arch2
search "$RUNS/templates-$SAMPLER" template --static "$RUNS/arch2" --sampler "$SAMPLER" --trials "$TRIALS"
best "$RUNS/templates-$SAMPLER" "${TOP:-1}" "$RUNS/template-$SAMPLER" --static "$RUNS/arch2"
