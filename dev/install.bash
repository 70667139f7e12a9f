# Sourced by the scripts in dev/: finds what they need, and installs what is missing.

export PATH="$PWD/target/tools/bin:$PATH"

# Debian packages, as root or through sudo.
install_packages() {
    echo "installing $*"
    local root=()
    if [ "$(id -u)" != 0 ]; then
        # Without a terminal sudo could only wait for ever.
        if [ -t 1 ]; then root=(sudo); else root=(sudo -n); fi
    fi
    if ! "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null; then
        "${root[@]}" apt-get update >/dev/null
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null
    fi
}

# need COMMAND PACKAGE...
need() {
    command -v "$1" >/dev/null || install_packages "${@:2}"
}

# Rust itself is left to its user: Debian's is too old.
need_rust() {
    if ! command -v cargo >/dev/null; then
        echo "Rust 1.95 or newer is needed: https://rustup.rs" >&2
        exit 1
    fi
    # Without its recommended packages gcc comes without the C library's headers.
    need cc gcc libc6-dev
}

# What rustup's minimal profile leaves out.
need_rust_tools() {
    if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
        rustup component add rustfmt clippy
    fi
}

# Leaves in PYM_TEST_PYTHON a Python 3 that has paho-mqtt: one that is there, Debian's, or one of our own.
need_python_paho() {
    local python
    need python3 python3
    for python in python3 /usr/bin/python3 "$PWD/target/venv/bin/python3"; do
        if "$python" -c 'import paho.mqtt.client' 2>/dev/null; then
            export PYM_TEST_PYTHON=$python
            return
        fi
    done
    if install_packages python3-paho-mqtt && /usr/bin/python3 -c 'import paho.mqtt.client'; then
        export PYM_TEST_PYTHON=/usr/bin/python3
        return
    fi
    need_venv paho-mqtt
    export PYM_TEST_PYTHON=$PWD/target/venv/bin/python3
}

# need_venv REQUIREMENT...: Python packages in a virtual environment under target/.
need_venv() {
    local venv=$PWD/target/venv
    if ! python3 -m venv "$venv" >/dev/null 2>&1; then
        install_packages python3-venv
        python3 -m venv "$venv"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# Debian's Chromium and node, and what tests/web takes from npm, at the versions of its lock file.
need_browser() {
    need chromium chromium fonts-dejavu-core
    need node nodejs
    need npm npm
    local have=tests/web/node_modules/.pym-lock
    if ! cmp -s tests/web/package-lock.json "$have"; then
        npm --prefix tests/web ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error >/dev/null
        cp tests/web/package-lock.json "$have"
    fi
}

# Its own release profile optimizes for whoever uses it all day; here it runs once.
need_cargo_deny() {
    command -v cargo-deny >/dev/null && return
    echo "installing cargo-deny from source into target/tools; that takes some minutes, once"
    CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_DEV_OPT_LEVEL=1 \
        cargo install --quiet --locked --debug --root target/tools cargo-deny@0.20.2
}
