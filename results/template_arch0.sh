#!/bin/sh
# template-arch0, 280K parameters, from random weights. The way that made template_arch0.json, at the commit that the file
# names; since then training settles batch norms at its end.
. "$(dirname "$0")/steps.sh"

image "$RUNS/template-arch0" template-arch0
judge "$RUNS/template-arch0" template_arch0
