#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the tests of each preset, all of them even if one fails, and print one summed line.
# Usage: run_ctest.sh [--only REGEX] PRESET...
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
status=0
reports=
only=.
if [ "$1" = --only ]; then
  only=$2
  shift 2
fi
for preset in "$@"; do
  report=$root/build/$preset/junit.xml
  reports="$reports $report"
  rm -f "$report"
  # Two at a time: a test may need 2 GB.
  sh cmake/stage.sh "tests of $preset" \
    ctest --test-dir "build/$preset" -R "$only" --output-on-failure --no-tests=error -j2 --output-junit "$report" || status=1
done
# shellcheck disable=SC2086 # a list of paths
python3 cmake/sum_tests.py $reports || status=1
exit "$status"
