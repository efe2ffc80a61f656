#!/bin/sh
# LGCNet: independent cells and a dense fusion cell, chosen by gradient (SEARCH: minutes of it), trained in full.
. "$(dirname "$0")/steps.sh"

# shellcheck disable=SC2086
search "$RUNS/lgc-search" lgc --minutes "${SEARCH:-$MINUTES}" ${SPACE:-}
train "$RUNS/lgc" "$RUNS/lgc-search/genotype.json" "$DATA" "$MINUTES"
judge "$RUNS/lgc" lgc
