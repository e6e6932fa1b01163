#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a command as a named stage and say how many minutes it took. Usage: stage.sh NAME COMMAND...
name=$1
shift
echo "== $name"
start=$(date +%s)
"$@"
status=$?
seconds=$(($(date +%s) - start))
outcome=
[ "$status" = 0 ] || outcome=" (failed, status $status)"
echo "== $name: $((seconds / 60)).$((seconds % 60 / 6)) min$outcome"
exit "$status"
