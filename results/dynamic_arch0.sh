#!/bin/sh
# A cell that carries features from frame to frame, searched on template-arch0 within 60 % of its FLOPs, and trained in
# full. SAMPLER=random is the control. The image network of the recorded row was the street-still of that commit with its
# batch norms settled (train street-still --epochs 0.1 --lr 1e-6 -o runs/template-arch0): training does that by itself now.
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch0" template-arch0
cells "$RUNS/template-arch0" arch0-cell 60%
