#!/bin/sh
# InfluxDB 2.x for Fengsui: buckets with retention, and a task that keeps minutes with their extremes.
# Needs the influx command, logged in (influx config create ...). ORG=site sh influxdb-2.sh
set -eu
ORG=${ORG:?name of the organisation}
influx bucket create --org "$ORG" --name fengsui --retention 90d --schema-type implicit
influx bucket create --org "$ORG" --name fengsui-minutes --retention 366d
influx bucket create --org "$ORG" --name fengsui-events --retention 0
influx task create --org "$ORG" --file "$(dirname "$0")/reading_1m.flux"
echo "outputs: bucket fengsui for readings, bucket fengsui-events for events (content: in the site file)"
