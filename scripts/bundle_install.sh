#!/bin/sh
# Part of the bundle: bundle_install.sh UNPACKED FOLDER. Installs beside an older one and changes over at the end.
set -eu
umask 022 # the service is another user than the one who installs
from=$1 folder=$2
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed: PYTHON=python3.12 sh THIS_FILE" >&2; exit 2; }
version=$(cat "$from/VERSION")
place=$folder-$version
if [ -L "$folder" ] && [ "$(readlink -f "$folder")" = "$(readlink -f "$place")" ]; then
    echo "$version is what $folder runs. To install it anew stop the gateway and: rm -r $place" >&2; exit 1
fi
rm -rf "$place"
"$PYTHON" -m venv --without-pip "$place"
pip=$(ls "$from"/pip-*.whl)
# Of our own wheel the sum above vouches; of every other the lock file does.
"$place/bin/python" "$pip/pip" install --quiet --no-index --find-links "$from/wheels" --require-hashes \
    --no-compile -r "$from/runtime.txt"
"$place/bin/python" "$pip/pip" install --quiet --no-index --no-deps --no-compile "$from"/wheels/fengsui-*.whl
"$place/bin/python" -m compileall -q "$place/lib" >/dev/null || true
mkdir -p "$place/share/doc" && cp "$from"/doc/*.md "$place/share/doc/" && cp -R "$from/deploy" "$place/share/deploy"
echo "compiling kernels (once, about a minute)"
NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR="$place/numba-cache" "$place/bin/python" -m gateway.warm
if [ -e "$folder" ] && [ ! -L "$folder" ]; then
    echo "$folder is in the way and is no link; $version is in $place" >&2; exit 1
fi
ln -sfn "$place" "$folder"
"$folder/bin/fengsui" --version
echo "installed: $folder -> $place. To go back: ln -sfn $folder-OLDVERSION $folder, and restart."
echo "next: $folder/bin/fengsui init tank-farm /etc/fengsui; cp $folder/share/deploy/systemd/* /etc/systemd/system/"
