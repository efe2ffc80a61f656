#!/bin/sh
# A video network of 0.35M parameters: a cell of 70K, drawn by hand, on template-arch0. Between key frames it sees
# frames at half their size, so that a step takes 0.4 of a key frame's FLOPs. Most clips are single images in
# synthetic motion; the image network that the cell stands on is also its teacher, for an answer that jumps at key
# frames flickers. The way that made street.json, but that its image network was street-still with its batch norms
# settled (train street-still --epochs 0.1 --lr 1e-6 -o runs/template-arch0): training does that by itself now.
CELL_MINUTES=${CELL_MINUTES:-${MINUTES:-90}}
DEVICES=${DEVICES:-1}
. "$(dirname "$0")/steps.sh"

STATIC="$RUNS/template-arch0"

image "$STATIC" template-arch0
train "$RUNS/street" "$HERE/cells/street.json" "$DATA" "$CELL_MINUTES" --static "$STATIC" --teacher "$STATIC" \
    --recipe video --batch 4 --synthetic 0.7 --crop 240x320 --consistency 0.5 --key-every 10
judge "$RUNS/street" street
