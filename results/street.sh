#!/bin/sh
# A video network of 0.35M parameters: a cell of 70K, drawn by hand, on template-arch0. Between key frames it sees
# frames at half their size, so that a step takes 0.4 of a key frame's FLOPs. The way that made street.json, but that its
# image network was street-still with its batch norms settled (train street-still --epochs 0.1 --lr 1e-6
# -o runs/template-arch0): training does that by itself now.
CELL_MINUTES=${CELL_MINUTES:-${MINUTES:-90}}
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch0" template-arch0
cell "$RUNS/street" "$HERE/cells/street.json" "$RUNS/template-arch0" "$CELL_MINUTES"
judge "$RUNS/street" street
