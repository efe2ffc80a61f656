#!/bin/sh
# arch2: MobileNet-v2 and a searched decoder, from random weights. The way that made static_arch2.json,
# whose teacher was the street-still of that commit.
MINUTES=${MINUTES:-55}
. "$(dirname "$0")/steps.sh"

arch2
judge "$RUNS/arch2" static_arch2
