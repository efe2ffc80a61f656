#!/bin/sh
# A cell that carries features from frame to frame, searched on template-arch0 within 60 % of its FLOPs, and trained in
# full. SAMPLER=random is the control.
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch0" template-arch0
cells "$RUNS/template-arch0" arch0-cell 60%
