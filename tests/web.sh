#!/usr/bin/env bash
# The dashboard in Debian's Chromium, against the daemon that `cargo test` has built, with devices over HTTP and MQTT.
# `tests/web.sh FILE...` runs some of the tests/web/*.test.mjs alone; PYM_SCREENSHOTS=1 makes assets/screenshots anew.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/.."
. dev/install.bash

need mosquitto_pub mosquitto-clients
need_browser

if [ -n "${PYM_SCREENSHOTS:-}" ]; then
    need pngquant pngquant
    exec node tests/web/screenshots.mjs
fi
[ $# != 0 ] || set -- tests/web/*.test.mjs
exec node --test --test-reporter spec "$@"
