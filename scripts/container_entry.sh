#!/bin/sh
# Starts fengsui in the container. The root file system may be read-only, and numba refuses a cache folder it cannot
# write to, so the image's compiled kernels are copied into the state volume: once per image, in well under a second.
set -eu
FROM=/opt/fengsui/numba-cache
TO=${NUMBA_CACHE_DIR:?}
if ! cmp -s "$FROM/.image" "$TO/.image"; then
    rm -rf "$TO"
    cp -R -p "$FROM" "$TO" || echo "no room for compiled kernels in $TO; the start will take longer" >&2
fi
exec fengsui "$@"
