#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Print the Python interpreter that runs tests/interop: one with Lightning, PyTorch and TensorBoard.
#
# It lives in an environment of its own below the user's cache folder, made once for each list of packages (some 5 GB).
# LT_INTEROP_PYTHON names another interpreter that has them; messages go to standard error.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${LT_INTEROP_PYTHON:-}" ]; then
  echo "interop: using LT_INTEROP_PYTHON=$LT_INTEROP_PYTHON" >&2
  echo "$LT_INTEROP_PYTHON"
  exit 0
fi

list=cmake/requirements-interop.txt
hash=$(sha256sum "$list" | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lt
home=$cache/interop-$hash
# `done` is written last: an environment without it is unfinished and made anew.
if [ ! -f "$home/done" ]; then
  mkdir -p "$cache"
  echo "interop: installing $(grep -c == "$list") Python packages (some 5 GB) into $home" >&2
  python3 -m venv --clear "$home" >&2
  "$home/bin/python3" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps -r "$list" >&2
  "$home/bin/python3" -c "import lightning, tensorboard, torch" >&2
  touch "$home/done"
fi
echo "$home/bin/python3"
