#!/bin/sh
# template-arch0 once more, on simulated streets first: the image network that ships, and behind it street-sim, which has
# seen nothing else. That which ships learnt on streets for 30 minutes on one core.
PRETRAIN=${PRETRAIN:-15}
MINUTES=${MINUTES:-30}
DEVICES=${DEVICES:-2}
. "$(dirname "$0")/steps.sh"

image "$RUNS/street-still" template-arch0
judge "$RUNS/street-still" street_still
