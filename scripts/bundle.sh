#!/bin/sh
# dist/fengsui-VERSION-ARCH.run: one file that installs Fengsui with no network.  make bundle
#
# In it: every wheel of requirements/runtime.txt (hashes checked when it is made and when it is installed), our own
# wheel, pip's, the units of configs/deploy and the documents. The machine it is for needs python3 (3.11 or newer, the
# same minor version and processor architecture as here) and nothing else: no pip, no venv package, no compiler.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/wheels" "$work/doc" dist

version=$("$PYTHON" -c 'import gateway; print(gateway.__version__)')
tag=$("$PYTHON" -c 'import platform, sys; print(f"py3{sys.version_info.minor}-{platform.machine()}")')
"$PYTHON" -m pip --disable-pip-version-check download --quiet --require-hashes --only-binary :all: \
    -r requirements/runtime.txt -d "$work/wheels"
"$PYTHON" -m pip --disable-pip-version-check download --quiet --no-deps --only-binary :all: pip -d "$work"
"$PYTHON" -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation -w "$work/wheels" .
cp requirements/runtime.txt scripts/bundle_install.sh "$work/"
cp -R configs/deploy "$work/deploy"
cp docs/*.md "$work/doc/"
echo "$version" > "$work/VERSION"
(cd "$work" && find . -type f ! -name SHA256SUMS -exec sha256sum {} + > SHA256SUMS)

out=dist/fengsui-$version-$tag.run
cat > "$out" <<'HEAD'
#!/bin/sh
# Fengsui: sh THIS_FILE [FOLDER]   installs into FOLDER (/opt/fengsui) without a network.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tail -n +9 "$0" | tar -x -C "$work"
(cd "$work" && sha256sum --quiet -c SHA256SUMS)
sh "$work/bundle_install.sh" "$work" "${1:-/opt/fengsui}"; exit 0
HEAD
tar --sort=name --owner=0 --group=0 -C "$work" -c . >> "$out"
chmod 755 "$out"
ls -l "$out"
