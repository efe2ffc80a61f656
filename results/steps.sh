# What the scripts of this folder share. Each is the whole way from nothing to figures:
#
#   results/template_arch1.sh 'camvid:~/CamVid?holdout=0006R0' [RUNS]
#
# CamVid is that of SegNet: 480x360, index masks, folders train, val and test. A script that was stopped goes on when it
# is started again. What is finished is left alone, whatever is asked then: delete its folder to make it anew.
# Variables of all, with what they are where nothing else is said:
#   MINUTES        of the training of an image network (60; 55 for arch2, 45 for template-arch1, 40 for LGCNet, 30 on two
#                  cores for street-still)
#   PRETRAIN       minutes on the simulator before it (0: none; 15 for street-still and street), on the data set STREETS
#   TEACHER        of arch2 (street-still, which has not seen the street 0006R0 but all others; empty: none)
#   SEED           of all that is random (0)
#   DEVICES        processes or GPUs of each training (1; 2 for street-still and street; auto: as many as are of use)
#   EXTRA          more words for each training, such as "--size 180x240"
#   FIGURES        the folder for the JSON files (RUNS/figures); FIGURES=results writes those that are committed
#   SECONDS_TIMED  for the times of a network (60)
#   PYTHON         that has segsmith (the repository's .venv where there is one)
# Of single scripts:
#   TRIALS         that a search trains (60; 30 templates), and its SAMPLER (ppo): dynamic_arch0, dynamic_arch2, template_search
#   TOP            so many of its best are trained in full (1), a larger number later adds to them: the same
#   TOP_MINUTES    of such a training (MINUTES where that is given, else 25): the same
#   CELL_MINUTES   of the cell's training (MINUTES where that is given, else 28): street
#   SEARCH, SPACE  minutes of the search (15), and more words for it: lgc
set -eu

DATA=${1:?"usage: $0 KIND:PATH [RUNS]"}
RUNS=${2:-runs}
HERE=$(dirname "$0")
if [ -z "${PYTHON:-}" ]; then
    PYTHON=$HERE/../.venv/bin/python
    [ -x "$PYTHON" ] || PYTHON=python3
fi
if ! "$PYTHON" -c 'import segsmith'; then
    echo "$0: $PYTHON has no segsmith: make setup, or PYTHON=..." >&2
    exit 2
fi
TOP_MINUTES=${TOP_MINUTES:-${MINUTES:-25}}
MINUTES=${MINUTES:-60}
PRETRAIN=${PRETRAIN:-0}
TRIALS=${TRIALS:-60}
SAMPLER=${SAMPLER:-ppo}
TOP=${TOP:-1}
SEED=${SEED:-0}
DEVICES=${DEVICES:-1}
TEACHER=${TEACHER-street-still}
EXTRA=${EXTRA:-}
FIGURES=${FIGURES:-$RUNS/figures}
STREETS=${STREETS:-streets:clips=200,frames=30,size=360x480}
SECONDS_TIMED=${SECONDS_TIMED:-60}
CLIPS="--recipe video --batch 4 --synthetic 0.7 --crop 240x320 --consistency 0.5 --key-every 10"

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

# image RUN PRESET [more words]: an image network, on the simulator first where that is asked for
image() {
    image=$1 from=$2
    shift 2
    if [ "$PRETRAIN" != 0 ]; then
        train "$RUNS/$from-streets" "$from" "$STREETS" "$PRETRAIN"
        from=$RUNS/$from-streets
    fi
    train "$image" "$from" "$DATA" "$MINUTES" "$@"
}

# arch2, with TEACHER
arch2() {
    # shellcheck disable=SC2086
    image "$RUNS/arch2" arch2 ${TEACHER:+--teacher $TEACHER}
}

# cell RUN WHAT STATIC MINUTES [more words]: most clips are single images in synthetic motion; the image network that the
# cell stands on is also its teacher, for an answer that jumps at key frames flickers
cell() {
    cell=$1 from=$2 below=$3 minutes=$4
    shift 4
    # shellcheck disable=SC2086
    train "$cell" "$from" "$DATA" "$minutes" --static "$below" --teacher "$below" $CLIPS "$@"
}

# search RUN [words]: asked again, a search goes on by itself
search() {
    run=$1
    shift
    is_finished "$run" || smith search "$@" --data "$DATA" --seed "$SEED" -o "$run"
}

# best SEARCH [more words]: its best networks, trained in full and judged
best() {
    from=$1
    shift
    if [ "$(find "$from/top" -name '*.json' 2>/dev/null | wc -l)" -lt "$TOP" ]; then
        # shellcheck disable=SC2086
        smith train "$from" --top "$TOP" --minutes "$TOP_MINUTES" --seed "$SEED" --devices "$DEVICES" -o "$from-best" \
            "$@" $EXTRA
    fi
    for file in "$from"/top/*.json; do
        trial=$(basename "$file" .json)
        train "$from-best/$trial" "$file" "$DATA" "$TOP_MINUTES" "$@"
        judge "$from-best/$trial" "$(basename "$from")-$trial"
    done
}

# cells STATIC NAME LIMIT: searched on an image network, within LIMIT of its FLOPs at one key frame in ten
cells() {
    found=$RUNS/$2-$SAMPLER
    search "$found" dynamic rows=3 aggregations=wsum,concat operations=sep3,sep3d3,sep5d6,skip \
        step_scales=0.5,1 --static "$1" --size 240x320 --flops "$3" --key-every 10 --sampler "$SAMPLER" \
        --trials "$TRIALS"
    # shellcheck disable=SC2086
    best "$found" --static "$1" --teacher "$1" $CLIPS
}

# judge RUN NAME: FIGURES/NAME.json, unless that is about this very network
judge() {
    "$PYTHON" "$HERE/judge.py" "$1" "$2" --data "$DATA" -o "$FIGURES/$2.json" --seconds "$SECONDS_TIMED"
}
