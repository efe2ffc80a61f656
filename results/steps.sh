# What the scripts of this folder share. Each is the whole way from nothing to figures:
#
#   results/template_arch1.sh 'camvid:~/CamVid?holdout=0006R0' [RUNS]
#
# A script that was stopped goes on when it is started again: what is finished is left alone. Variables of all:
#   MINUTES        of each training (60)
#   PRETRAIN       minutes on the simulator before it (0: none), on the data set STREETS
#   SEED           of all that is random (0)
#   DEVICES        processes or GPUs of each training (auto; 1 where the recorded run had one)
#   EXTRA          more words for each training, such as "--size 180x240"
#   FIGURES        the folder for the JSON files (RUNS/figures); FIGURES=results writes those that are committed
#   SECONDS_TIMED  for the times of a network (60)
#   PYTHON         that has segsmith (the repository's .venv where there is one)
# Of single scripts:
#   TRIALS         of a search (100), and its SAMPLER (ppo): dynamic_light_net, template_search
#   TOP            so many of its best are trained in full, a larger number later adds to them: the same two (2 and 1)
#   STATIC         a trained run that the cells stand on (one of template-arch1, made first): dynamic_light_net
#   CELL_MINUTES   of the cell's training (MINUTES where that is given, else 90): street
#   SEARCH, SPACE  minutes of the search (MINUTES), and more words for it: lgc
set -eu

DATA=${1:?"usage: $0 KIND:PATH [RUNS]"}
RUNS=${2:-runs}
HERE=$(dirname "$0")
if [ -z "${PYTHON:-}" ]; then
    PYTHON=$HERE/../.venv/bin/python
    [ -x "$PYTHON" ] || PYTHON=python
fi
MINUTES=${MINUTES:-60}
PRETRAIN=${PRETRAIN:-0}
TRIALS=${TRIALS:-100}
SEED=${SEED:-0}
DEVICES=${DEVICES:-auto}
EXTRA=${EXTRA:-}
FIGURES=${FIGURES:-$RUNS/figures}
STREETS=${STREETS:-streets:clips=200,frames=30,size=360x480}

smith() {
    "$PYTHON" -m segsmith "$@"
}

is_finished() {
    grep -qs '"state": "finished"' "$1/run.json"
}

# train RUN WHAT DATA MINUTES [more words]
train() {
    run=$1 what=$2 data=$3 minutes=$4
    shift 4
    if is_finished "$run"; then
        return
    elif [ -e "$run/run.json" ]; then
        smith train --resume "$run"
    else
        # shellcheck disable=SC2086
        smith train "$what" --data "$data" --minutes "$minutes" --seed "$SEED" --devices "$DEVICES" -o "$run" \
            "$@" $EXTRA
    fi
}

# image RUN WHAT: an image network, on the simulator first where that is asked for
image() {
    if [ "$PRETRAIN" != 0 ]; then
        train "$1-streets" "$2" "$STREETS" "$PRETRAIN"
        train "$1" "$1-streets" "$DATA" "$MINUTES"
    else
        train "$1" "$2" "$DATA" "$MINUTES"
    fi
}

# search RUN [words]: asked again, a search goes on by itself
search() {
    run=$1
    shift
    is_finished "$run" || smith search "$@" --data "$DATA" --seed "$SEED" -o "$run"
}

# best SEARCH COUNT PREFIX [more words]: the best networks of a search, trained in full and judged
best() {
    from=$1 count=$2 prefix=$3
    shift 3
    if [ "$(find "$from/top" -name '*.json' 2>/dev/null | wc -l)" -lt "$count" ]; then
        # shellcheck disable=SC2086
        smith train "$from" --top "$count" --minutes "$MINUTES" --seed "$SEED" --devices "$DEVICES" -o "$prefix" $EXTRA
    fi
    for file in "$from"/top/*.json; do
        name=$(basename "$file" .json)
        train "$prefix/$name" "$file" "$DATA" "$MINUTES" "$@"
        judge "$prefix/$name" "$(basename "$prefix")-$name"
    done
}

# judge RUN NAME: FIGURES/NAME.json, unless it is newer than the network
judge() {
    file="$FIGURES/$2.json"
    if [ -e "$file" ] && [ "$file" -nt "$1/model.safetensors" ]; then
        return
    fi
    "$PYTHON" "$HERE/judge.py" "$1" "$2" -o "$file" --seconds "${SECONDS_TIMED:-60}"
}
