#!/bin/sh
# template-arch0, 280K parameters, from random weights.
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch0" template-arch0
judge "$RUNS/template-arch0" template_arch0
