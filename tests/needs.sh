#!/bin/sh
# What the tests need beyond PyPI: a browser. Installed where that can be done without asking.
set -e
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
else
  echo "The browser tests need Chromium: apt install chromium" >&2
  exit 1
fi
