#!/bin/sh
# Builds the container image and tries it as it is meant to run: no root, read-only root, no capabilities, no network.
#   sh scripts/image_check.sh [OPTIONS OF BUILD...]          make image-check ARGS="--build-arg PIP_INDEX_URL=..."
#
# ENGINE: docker or podman, whichever is found. IMAGE: the name given to it (fengsui). A simulated plant and the gateway
# of configs/examples/minimal share one network namespace that has loopback and nothing else. Exit 0: all that is printed
# as shown was so; 1: the first thing that was not. Leaves the image, and nothing else.
set -eu
cd "$(dirname "$0")/.."
ENGINE=${ENGINE:-$(command -v docker || command -v podman)} || { echo "needs docker or podman" >&2; exit 2; }
IMAGE=${IMAGE:-fengsui}
name=fengsui-check-$$
site=$(mktemp -d)

clean() {
    "$ENGINE" rm -f "$name" >/dev/null 2>&1 || true
    "$ENGINE" rm -f "$name-plant" >/dev/null 2>&1 || true
    "$ENGINE" volume rm -f "$name" >/dev/null 2>&1 || true
    rm -rf "$site"
}
trap clean EXIT
shown() { echo "shown: $*"; }
failed() { echo "NOT SO: $*" >&2; "$ENGINE" logs "$name" >&2 || true; exit 1; }
inside() { "$ENGINE" exec "$name" "$@"; }
asked() { # PATH: status code and answer of the gateway
    inside python -c 'import sys, urllib.error as e, urllib.request as u
try:
    answer = u.urlopen("http://127.0.0.1:8080" + sys.argv[1], timeout=4)
except e.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())' "$1" 2>/dev/null
}
compiled() { inside find /var/lib/fengsui/numba-cache -name '*.nb?' -newer /var/lib/fengsui/numba-cache/.copied; }
journal() { inside fengsui journal tail /etc/fengsui/site.yaml -n 200 --json; }
run() { # the gateway, as docs/operation.md runs it, but in the plant's network
    "$ENGINE" run -d --name "$name" --network "container:$name-plant" --read-only --cap-drop ALL \
        --security-opt no-new-privileges --tmpfs /tmp -v "$name:/var/lib/fengsui" -v "$site:/etc/fengsui:ro" \
        "$IMAGE" run /etc/fengsui/site.yaml >/dev/null
    begun=$(date +%s)
    until asked /readyz | grep -q '^200 '; do
        [ "$("$ENGINE" inspect --format '{{.State.Running}}' "$name")" = true ] || failed "it goes on running"
        [ $(($(date +%s) - begun)) -lt 180 ] || failed "ready within 180 s"
        sleep 0.5
    done
    shown "ready after about $(($(date +%s) - begun)) s: $(asked /readyz)"
}

case $ENGINE in *podman) format="--format docker" ;; *) format="" ;; esac # an OCI image has no health check
# shellcheck disable=SC2086
"$ENGINE" build $format -t "$IMAGE" "$@" .
shown "built: $("$ENGINE" image inspect --format '{{.Size}}' "$IMAGE") bytes"

cp configs/examples/minimal/* "$site/"
echo "state: /var/lib/fengsui" >> "$site/site.yaml"
chmod -R a+rX "$site"
"$ENGINE" run -d --name "$name-plant" --network none --read-only --cap-drop ALL --tmpfs /tmp "$IMAGE" simulate demo >/dev/null
run
asked /healthz | grep -q '^200 ' || failed "/healthz answers 200"
[ "$(inside id -u):$(inside id -g)" = 10001:10001 ] || failed "runs as 10001:10001"
inside grep -q '^CapBnd:[[:space:]]*0*$' /proc/1/status || failed "no capability can be gained"
inside grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/1/status || failed "no new privileges"
for each in / /etc /etc/fengsui /opt/fengsui /usr/bin; do
    if inside touch "$each/x" 2>/dev/null; then failed "$each is not writable"; fi
done
shown "user 10001, no capabilities, root and site folder read-only"
[ -z "$(compiled)" ] || failed "kernels come from the image: $(compiled)"
inside test -s /var/lib/fengsui/numba-cache/.copied || failed "kernels were copied from the image"
shown "no kernel was compiled at the start"
until journal | grep -q '"event":"raised".*"rule":"LT-101A.H"'; do
    [ $(($(date +%s) - begun)) -lt 180 ] || failed "a reading is judged: LT-101A.H is raised"
    sleep 1
done
shown "readings are judged: LT-101A.H is in the journal"
inside fengsui backup /etc/fengsui/site.yaml /tmp/backup >/dev/null || failed "a backup while it runs"
case $ENGINE in
*podman) "$ENGINE" healthcheck run "$name" >/dev/null || failed "the health check" ;;
*) until [ "$("$ENGINE" inspect --format '{{.State.Health.Status}}' "$name")" = healthy ]; do
    [ $(($(date +%s) - begun)) -lt 240 ] || failed "the health check"
    sleep 2
done ;;
esac
shown "a backup was made, the health check is content"
"$ENGINE" stop -t 30 "$name" >/dev/null
[ "$("$ENGINE" inspect --format '{{.State.ExitCode}}' "$name")" = 0 ] || failed "SIGTERM ends it with 0"
shown "SIGTERM ended it with 0"
"$ENGINE" rm "$name" >/dev/null
run
[ "$(journal | grep -c '"event":"started"')" = 2 ] || failed "another container goes on with the journal of the volume"
[ "$(journal | grep -c '"why":"the gateway was not running"')" = 1 ] || failed "one gap for the stop"
[ -z "$(compiled)" ] || failed "kernels are still those of the image"
shown "another container goes on with the volume: started, one gap"
