#!/bin/sh
# arch2: MobileNet-v2 and a searched decoder, from random weights, with street-still as a teacher. The way that made
# static_arch2.json.
MINUTES=${MINUTES:-55}
DEVICES=${DEVICES:-1}
EXTRA="--teacher street-still ${EXTRA:-}"
. "$(dirname "$0")/steps.sh"

image "$RUNS/arch2" arch2
judge "$RUNS/arch2" static_arch2
