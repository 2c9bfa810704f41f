#!/usr/bin/env bash
# Everything that is measured on a GPU, unattended, within 12 minutes, without a network:
#
#     benchmarks/on_gpu.sh                         # correctness, speed and book
#     benchmarks/on_gpu.sh speed                   # one part
#     benchmarks/on_gpu.sh --minutes 9             # all parts in less time
#     benchmarks/on_gpu.sh --smoke                 # tiny, on a CPU: a rehearsal of as much as goes into 4 minutes
#
# Each part writes its JSON file to $OUT (default results/gpu) as it goes, so that a run that is cut leaves what it had.
# KERAS_BACKEND is jax unless it is set; TensorFlow need not be installed. PYTHON names another Python. What else there is
# to say is in benchmarks/README.md.
set -u
cd "$(dirname "$0")/.." || exit 1

parts=() flags=() minutes= smoke=
while [ $# -gt 0 ]; do
    case $1 in
        correctness | speed | book) parts+=("$1") ;;
        --minutes) minutes=${2:?--minutes needs a number}; shift ;;
        --only) flags+=(--only "${2:?--only needs a name}"); shift ;;
        --smoke) smoke=1; flags+=(--smoke) ;;
        *) echo "error: '$1' is not known; parts are correctness, speed and book, flags --minutes, --only and --smoke" >&2; exit 2 ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(correctness speed book)

[ -n "$minutes" ] || minutes=$([ -n "$smoke" ] && echo 4 || echo 12)

out=${OUT:-results/gpu}
python=${PYTHON:-python3}
mkdir -p "$out" || exit 1
export KERAS_BACKEND=${KERAS_BACKEND:-jax} TF_CPP_MIN_LOG_LEVEL=3 MPLBACKEND=agg PYTHONUNBUFFERED=1
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
cache=$(mktemp -d) || exit 1
trap 'rm -rf "$cache"' EXIT
export GAN_BOOK_CACHE=$cache
if [ -n "$smoke" ] && [ "$KERAS_BACKEND" = jax ]; then
    # The programs are tiny and run a few times each: compiling them well would take longer than running them.
    export JAX_PLATFORMS=cpu XLA_FLAGS="--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
fi
"$python" -m benchmarks.gpu.needs || exit 1

declare -A share=([correctness]=20 [speed]=48 [book]=32)
end=$(($(date +%s) + $("$python" -c "print(int(60 * float('$minutes')))")))
status=0
for number in "${!parts[@]}"; do
    part=${parts[$number]}
    # Of the time that is left, this part's share among those to come: what one does not use, the next may.
    whole=0
    for later in "${parts[@]:$number}"; do whole=$((whole + share[$later])); done
    seconds=$(((end - $(date +%s)) * share[$part] / whole))
    [ "$seconds" -gt 0 ] || seconds=1
    echo "== $part: at most $seconds s"
    # A part ends by itself; `timeout` is for one that hangs, and ends its workers, too.
    timeout --kill-after=5 $((seconds + 15)) "$python" -m "benchmarks.gpu.$part" --out "$out" --seconds "$seconds" \
        ${flags[@]+"${flags[@]}"}
    code=$?
    if [ $code -ne 0 ]; then
        echo "$part ended with status $code; what it had is in $out/$part.json" >&2
        status=1
    fi
done
"$python" -m benchmarks.gpu_table --folder "$out" || status=1
exit $status
