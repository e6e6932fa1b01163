#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prove the two commands on a fresh Debian 12: debootstrap it into build/fresh with only git, make, g++, cmake and
# python3, clone this repository's last commit there, and run `make demo`, `make demo` again, and `make test` inside.
#
# Usage, as root: cmake/test-fresh.sh [COMMAND...]     other commands than those three, each in quotes
# From the host come only what its network needs: resolver, certificates, the settings of apt and pip.
set -eu
cd "$(dirname "$0")/.."
fresh=$(pwd)/build/fresh

if [ "$(id -u)" != 0 ]; then
  echo "test-fresh: only root can debootstrap and chroot" >&2
  exit 1
fi
if ! command -v debootstrap >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends debootstrap
fi
[ $# -gt 0 ] || set -- "make demo" "make demo" "make test"

unmount() {
  if mountpoint -q "$fresh/proc"; then umount "$fresh/proc"; fi
}
trap unmount EXIT
unmount
rm -rf --one-file-system "$fresh"
mkdir -p "$fresh"

# ---- the machine --------------------------------------------------------------------------------

# The host's own mirror, if the host is a Debian 12 too; else debootstrap's default.
mirror=
is_bookworm=
if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
  is_bookworm=yes
  # shellcheck disable=SC2016 # apt's own variables
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | head -n 1)
fi
# shellcheck disable=SC2086 # nothing, if there is no mirror
sh cmake/stage.sh "debootstrap" debootstrap --variant=minbase --include=git,make,g++,cmake,python3 \
  bookworm "$fresh" $mirror >build/debootstrap.log 2>&1 || {
  tail -n 20 build/debootstrap.log
  exit 1
}
tail -n 1 build/debootstrap.log

copy() {
  for path in "$@"; do
    if [ -f "$path" ]; then
      mkdir -p "$fresh$(dirname "$path")"
      cp -L "$path" "$fresh$path"
    fi
  done
}
copy /etc/resolv.conf /etc/hosts /etc/pip.conf /root/.config/pip/pip.conf /root/.pip/pip.conf
# Under a name of its own: the package ca-certificates, once installed inside, writes the usual one anew.
certificates=/etc/ssl/host-certificates.crt
mkdir -p "$fresh/etc/ssl"
cp -L /etc/ssl/certs/ca-certificates.crt "$fresh$certificates"
copy /etc/apt/auth.conf /etc/apt/auth.conf.d/*
for path in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
  if [ -f "$path" ] && grep -qi 'Acquire::[a-z]*::\(Proxy\|Verify\|CaInfo\|Timeout\)\|Acquire::Retries' "$path"; then
    copy "$path"
  fi
done
if [ -n "$is_bookworm" ]; then
  rm -f "$fresh/etc/apt/sources.list"
  copy /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources /etc/apt/keyrings/*
fi
git clone -q . "$fresh/root/lt"
mount -t proc proc "$fresh/proc" 2>/dev/null || echo "test-fresh: going on without /proc"

# ---- the commands -------------------------------------------------------------------------------

# Of the environment, only what leads to the network.
inside() {
  set -- sh -c "cd /root/lt && $1"
  for name in SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE PIP_CERT; do
    set -- "$name=$certificates" "$@"
  done
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_EXTRA_INDEX_URL \
    PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT; do
    value=$(printenv "$name") && set -- "$name=$value" "$@"
  done
  chroot "$fresh" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

summary="fresh machine, commit $(git rev-parse --short HEAD):"
status=0
for command in "$@"; do
  echo "==== $command"
  began=$(date +%s)
  outcome=passed
  inside "$command" || {
    outcome=FAILED
    status=1
  }
  seconds=$(($(date +%s) - began))
  summary="$summary
  $command: $outcome, $((seconds / 60)).$((seconds % 60 / 6)) min"
done
echo "$summary"
exit "$status"
