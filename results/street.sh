#!/bin/sh
# The video network that ships: a searched cell on arch2, trained on short clips and then on longer roll-outs.
# The cell reads no deeper than 1/8 of the frame, so that a step takes a third of a key frame. SEARCH: minutes.
. "$(dirname "$0")/steps.sh"

CELLS="rows=3 inputs=prev:dec,layer2 operations=sep3,gap,sep3d3,sep5d6,skip aggregations=wsum,concat,affine,attention"
CLIPS="--batch 4 --synthetic 0.7 --crop 240x320 --key-every 10"

image "$RUNS/arch2" arch2
# shellcheck disable=SC2086
search "$RUNS/street-search" dynamic $CELLS --static "$RUNS/arch2" --size 240x320 --minutes "${SEARCH:-45}"
# shellcheck disable=SC2086
train "$RUNS/street-short" "$RUNS/street-search/genotype.json" "$DATA" "$MINUTES" --static "$RUNS/arch2" \
    --recipe dynamic --schedule poly --ema 0.995 $CLIPS
# shellcheck disable=SC2086
train "$RUNS/street" "$RUNS/street-short" "$DATA" "$MINUTES" --recipe video $CLIPS
judge "$RUNS/street" street
