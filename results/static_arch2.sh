#!/bin/sh
# arch2: MobileNet-v2 and a searched decoder, from random weights. The way that made static_arch2.json.
MINUTES=${MINUTES:-55}
. "$(dirname "$0")/steps.sh"

arch2
judge "$RUNS/arch2" static_arch2
