#!/bin/sh
# template-arch1, 268K parameters, from random weights. The way that made template_arch1.json.
MINUTES=${MINUTES:-45}
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch1" template-arch1
judge "$RUNS/template-arch1" template_arch1
