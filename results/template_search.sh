#!/bin/sh
# A template network that is searched for: candidates grow on the trained stem of arch2, the best is trained from it.
TRIALS=${TRIALS:-30}
TOP_MINUTES=${TOP_MINUTES:-${MINUTES:-25}}
MINUTES=${MINUTES:-55}
. "$(dirname "$0")/steps.sh"

arch2
search "$RUNS/template-$SAMPLER" template --static "$RUNS/arch2" --size 240x320 --sampler "$SAMPLER" --trials "$TRIALS"
best "$RUNS/template-$SAMPLER" --static "$RUNS/arch2"
