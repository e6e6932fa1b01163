#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install what a stage needs: Debian packages, and LibTorch from the torch wheel into .venv.
#
# Usage: cmake/setup.sh demo|test|bench|format
# What is already there is left alone, so that a second run calls neither apt nor pip.
set -eu
cd "$(dirname "$0")/.."

stage=${1:-test}
demo="libboost1.81-dev python3-venv ninja-build"
test="$demo doctest-dev nlohmann-json3-dev librange-v3-dev libgloo-dev libcli11-dev libyaml-cpp-dev openmpi-bin mpich iproute2 clang-19 libclang-rt-19-dev ccache valgrind binutils"
case $stage in
  demo) packages=$demo ;;
  test) packages=$test ;;
  bench) packages="$test libbenchmark-dev" ;;
  format) packages="clang-format-19" ;;
  *)
    echo "setup: unknown stage '$stage'; there are: demo, test, bench, format" >&2
    exit 2
    ;;
esac

# ---- Debian packages ----------------------------------------------------------------------------

missing=
if command -v dpkg-query >/dev/null; then
  for package in $packages; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
      missing="$missing $package"
    fi
  done
else
  echo "setup: not a Debian system; please have the equivalents of these packages: $packages"
fi
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "setup: these Debian packages are missing and only root can install them:$missing" >&2
    echo "setup: run  sudo apt-get install$missing  and then the same command again" >&2
    exit 1
  fi
  echo "setup: installing$missing"
  apt-get update -q
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi
if [ "$stage" = format ]; then
  exit 0
fi

# ---- LibTorch -----------------------------------------------------------------------------------

if [ -n "${LT_TORCH_ROOT:-}" ]; then
  echo "setup: using the torch wheel at LT_TORCH_ROOT=$LT_TORCH_ROOT"
  exit 0
fi
# The whole wheel is there once its dist-info is: pip writes that last.
installed() {
  for name in torch-2.15.0 nvidia_cuda_runtime-13.2 nvidia_cuda_cupti-13.2; do
    found=$(find .venv/lib/python3*/site-packages -maxdepth 1 -name "$name*.dist-info" 2>/dev/null)
    [ -n "$found" ] || return 1
  done
}
if ! installed; then
  # In an unfinished environment there is nothing to keep.
  if ! .venv/bin/python3 -m pip --version >/dev/null 2>&1; then
    echo "setup: creating .venv"
    python3 -m venv --clear .venv
  fi
  echo "setup: installing LibTorch (the torch wheel, some 600 MB) into .venv"
  .venv/bin/python3 -m pip install --quiet --disable-pip-version-check --no-deps -r cmake/requirements.txt
  if ! installed; then
    echo "setup: pip ended without an error, but .venv has no torch 2.15.0; remove .venv and try again" >&2
    exit 1
  fi
fi
echo "setup: everything for '$stage' is there"
