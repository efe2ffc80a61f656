#!/bin/sh
# template-arch1, 268K parameters, from random weights.
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch1" template-arch1
judge "$RUNS/template-arch1" template_arch1
