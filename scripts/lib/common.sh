# shellcheck shell=bash disable=SC2034
# Sourced by every script: where things are, and how to speak, to keep a log, and to fail.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
logs=$root/target/setup
axe_version=4.14.1
axe_home=$cargo_home/axe-core-$axe_version
axe=$axe_home/node_modules/axe-core/axe.min.js
cd "$root"

# First on PATH, so that our wasm-opt wins over a distribution's, which may be too old.
path_of_the_user=$PATH
export PATH="$cargo_home/bin:$PATH"

# `scripts/setup` brings every tool in the version that is wanted: trunk shall neither download one nor ask for news.
export TRUNK_OFFLINE=true

say() { printf '%s\n' "$*"; }

# One sentence that says what is missing or wrong.
die() {
    printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# at_least 0.21.14 0.21.2: whether the first version is not older than the second.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# The first version number in what a tool says about itself; nothing where there is no such tool.
version_of() { "$1" --version 2>/dev/null | grep -o -E '[0-9]+(\.[0-9]+)*' | head -n 1 || true; }

# quietly "install trunk (some minutes)" command…: announces the work, shows what the command prints only where it fails.
quietly() {
    local what=${1% (*} log
    say "setup: $1 …"
    shift
    log=$logs/${what//[^A-Za-z0-9.]/-}.log
    mkdir -p "$logs"
    "$@" >"$log" 2>&1 </dev/null || fail_with_log "$what" "$log"
}

fail_with_log() {
    tail -n 15 "$2" >&2
    die "could not $1: $(likely_reason "$2") (everything it printed: ${2#"$root"/})."
}

likely_reason() {
    local network='resolv|unreachable|failed to connect|could not connect|connection (refused|reset)|timed? ?out'
    network="$network"'|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|error sending request'
    if grep -q -i 'no space left\|enough free space' "$1"; then
        say "the disk is full"
    elif grep -q -i -E "$network" "$1"; then
        say "the network cannot be reached"
    elif grep -q -i 'certificate' "$1"; then
        say "the certificate of a server is not trusted here"
    elif grep -q -i 'permission denied\|read-only file system' "$1"; then
        say "a file or folder cannot be written"
    elif grep -q -i 'unable to locate package\|no installation candidate' "$1"; then
        say "the distribution has no such package"
    elif grep -q -i 'remove is disabled' "$1"; then
        say "packages that are installed would have to go, which is for you to decide"
    else
        say "the lines above say why"
    fi
}
