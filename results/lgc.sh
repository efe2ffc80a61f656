#!/bin/sh
# LGCNet: independent cells and a dense fusion cell, chosen by gradient (SEARCH: minutes of it), trained in full. The way
# that made lgc.json.
MINUTES=${MINUTES:-40}
SEARCH=${SEARCH:-15}
SPACE=${SPACE:---size 180x240}
. "$(dirname "$0")/steps.sh"

# shellcheck disable=SC2086
search "$RUNS/lgc-search" lgc --minutes "$SEARCH" $SPACE
train "$RUNS/lgc" "$RUNS/lgc-search/genotype.json" "$DATA" "$MINUTES"
judge "$RUNS/lgc" lgc
