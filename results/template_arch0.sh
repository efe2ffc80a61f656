#!/bin/sh
# template-arch0, 276K parameters, from random weights. The way that made template_arch0.json, but that training settles
# batch norms at its end since then.
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch0" template-arch0
judge "$RUNS/template-arch0" template_arch0
