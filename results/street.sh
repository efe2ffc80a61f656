#!/bin/sh
# The video network that ships, 0.35M parameters: a cell of 70K, drawn by hand, on the image network of street_still.sh.
# Between key frames it sees frames at half their size, so that a step takes 0.4 of a key frame's FLOPs.
PRETRAIN=${PRETRAIN:-15}
CELL_MINUTES=${CELL_MINUTES:-${MINUTES:-28}}
MINUTES=${MINUTES:-30}
DEVICES=${DEVICES:-2}
. "$(dirname "$0")/steps.sh"

image "$RUNS/street-still" template-arch0
cell "$RUNS/street" "$HERE/cells/street.json" "$RUNS/street-still" "$CELL_MINUTES" --batch 6
judge "$RUNS/street" street
