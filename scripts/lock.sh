#!/bin/sh
# Writes the three lock files anew. The lock tool lives in its own throw-away environment: nothing that
# the product installs depends on it. Only the public index is asked, so that every hash is the one that
# any other machine will see, and no index is named in the files.
set -eu
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
UV_VERSION=0.13.9
TOOL=.cache/lock-tool
CUTOFF=${LOCK_BEFORE:-}

if [ ! -x "$TOOL/bin/uv" ]; then
    "$PYTHON" -m venv "$TOOL"
    "$TOOL/bin/pip" install --quiet "uv==$UV_VERSION"
fi

compile() {
    # --universal: one file with markers serves Linux, macOS and Windows, x86-64 and ARM.
    "$TOOL/bin/uv" pip compile --quiet --no-config --generate-hashes --universal --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links --no-build --no-header --no-annotate \
        ${CUTOFF:+--exclude-newer "$CUTOFF"} "$@"
}

mkdir -p requirements
upgrade=${LOCK_UPGRADE:+--upgrade}
compile ${upgrade:-} pyproject.toml --all-extras --group dev -o requirements/dev.txt
compile --upgrade pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
compile --upgrade --group build -c requirements/dev.txt -o requirements/build.txt
