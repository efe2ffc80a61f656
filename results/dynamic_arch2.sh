#!/bin/sh
# A cell that carries features from frame to frame, searched on arch2 within half of its FLOPs, and trained in full.
# SAMPLER=random is the control.
TOP_MINUTES=${TOP_MINUTES:-${MINUTES:-25}}
MINUTES=${MINUTES:-55}
. "$(dirname "$0")/steps.sh"

arch2
cells "$RUNS/arch2" arch2-cell 50%
