#!/bin/sh
# arch2: MobileNet-v2 and a searched decoder, from random weights.
. "$(dirname "$0")/steps.sh"

image "$RUNS/arch2" arch2
judge "$RUNS/arch2" static_arch2
