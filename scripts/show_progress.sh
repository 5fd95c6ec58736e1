#!/bin/sh
# Runs a command after a line that says what it does. Reports every PROGRESS_SECONDS that it still
# runs, because downloads and builds are quiet for minutes.
#
# Usage: show_progress.sh TEXT COMMAND [ARGUMENT...]
set -u

text=$1
shift
started=$(date +%s)
echo "$text …"
# `sleep` must not hold our output open after the end. The loop ends with this process.
(
    while sleep "${PROGRESS_SECONDS:-15}" >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        echo "  still at work after $(($(date +%s) - started)) s"
    done
) &
reporter=$!
trap 'kill "$reporter" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$@"
