#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build what waits for a CUDA device and run it: with a device its checks, without one the test that it says so.
# Does nothing, with a word, where there is no nvcc. Usage: cuda.sh JOBS
set -eu
cd "$(dirname "$0")/.."

nvcc=$(command -v nvcc || true)
for place in "${CUDA_HOME:-/usr/local/cuda}" /usr/local/cuda; do
  if [ -z "$nvcc" ] && [ -x "$place/bin/nvcc" ]; then
    nvcc=$place/bin/nvcc
  fi
done
if [ -z "$nvcc" ]; then
  echo "cuda: there is no nvcc here, so lt::cuda is not built"
  exit 0
fi

# The programs start only where all libraries that libtorch_cuda.so needs are found: beside this wheel they are.
if [ -z "${LT_TORCH_ROOT:-}" ]; then
  python=$(sh cmake/interop.sh)
  LT_TORCH_ROOT=$("$python" -c "import sys; print(sys.prefix)")
  export LT_TORCH_ROOT
fi
CMAKE_GENERATOR="$(command -v ninja >/dev/null && echo Ninja || echo Unix Makefiles)" \
  sh cmake/stage.sh "configure cuda" cmake --preset cuda -D CUDAToolkit_ROOT="$(dirname "$(dirname "$nvcc")")"
sh cmake/stage.sh "build cuda" cmake --build build/cuda --parallel "$1"
sh cmake/run_ctest.sh cuda
