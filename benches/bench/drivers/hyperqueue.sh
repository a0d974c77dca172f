#!/bin/sh
# HyperQueue's own program: a server, a worker with 2 CPUs, and one job of many tasks whose output is not kept.
# hyperqueue.sh HQ PROGRAM CALLS
set -eu
hq=$1 program=$2 calls=$3
HQ_SERVER_DIR=$PWD/server
export HQ_SERVER_DIR
trap '"$hq" server stop || true; wait' EXIT
"$hq" server start &
until "$hq" job list; do sleep 0.1; done >/dev/null 2>&1
"$hq" worker start --cpus=2 &
"$hq" worker wait 1
"$hq" submit --stdout=none --stderr=none --cpus=1 --array="1-$calls" --wait "$program"
