#!/bin/sh
# A state folder as a released version leaves it, packed for the upgrade tests:
#   sh scripts/state_fixture.sh COMMIT     writes tests/data/state-VERSION.tar.xz
# The version's own code makes it; run it once when a version is released, and commit the file.
set -eu
cd "$(dirname "$0")/.."
commit=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git archive "$commit" | tar -x -C "$work"
cp tests/unit/store/released.py "$work/tests/unit/store/released.py"
python=$PWD/.venv/bin/python
version=$(cd "$work" && PYTHONPATH=$work "$python" -c 'import gateway; print(gateway.__version__)')
(cd "$work" && PYTHONPATH=$work NUMBA_CACHE_DIR=$work/kernels "$python" -m tests.unit.store.released "$work/state")
mkdir -p tests/data
tar --sort=name --owner=0 --group=0 --mtime=@0 -C "$work/state" --exclude lock -cJf "tests/data/state-$version.tar.xz" .
ls -l "tests/data/state-$version.tar.xz"
