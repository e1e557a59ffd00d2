# shellcheck shell=bash
# What only the operating system can bring: a C compiler, Node.js, a browser, and on route B (rust.sh) Rust itself.

# Collected first and installed together, since every call of a package manager takes a while.
descriptions=()
packages=()

# need "a C compiler" gcc libc6-dev: the thing in words for everybody, then its packages in Debian.
need() {
    descriptions+=("$1")
    shift
    packages+=("$@")
}

install_what_is_needed() {
    [ ${#packages[@]} -gt 0 ] || return 0
    have apt-get || die "please install $(joined "${descriptions[@]}")$(brew_hint), then run this again."
    ask_for_root "install ${packages[*]}"
    refresh_package_list
    # --no-remove: where a package is in conflict with what the owner has installed, stop rather than remove that.
    quietly "install ${packages[*]}" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends --no-remove "${packages[@]}"
    descriptions=()
    packages=()
}

refresh_package_list() {
    [ -z "${refreshed-}" ] || return 0
    quietly "refresh the list of packages" as_root apt-get update
    refreshed=yes
}

brew_hint() {
    [ "$(uname)" != Darwin ] || say " (xcode-select --install; brew install node; brew install --cask google-chrome chromedriver)"
}

joined() {
    local list=$1 item
    shift
    for item; do list="$list, $item"; done
    say "$list"
}

# Lets sudo ask for its password here, where the question can be seen.
ask_for_root() {
    [ "$(id -u)" = 0 ] || { have sudo && sudo -v; } || die "only root can $1; please run this as root, or install sudo."
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

need_c_compiler() {
    have cc || need "a C compiler" gcc libc6-dev
}

need_node() {
    have node || need "Node.js" nodejs
}

need_browser() {
    # On a Mac the browser is an application, which is not on PATH.
    if ! have chromedriver || { [ -z "$(browser)" ] && [ "$(uname)" != Darwin ]; }; then
        need "Chromium or Chrome with its chromedriver" chromium chromium-driver
    fi
}

# The browser that chromedriver starts: the first of these.
browser() {
    command -v google-chrome google-chrome-stable chromium chromium-browser 2>/dev/null | head -n 1 || true
}

check_browser() {
    local found driver
    [ -n "$(browser)" ] || return 0
    found=$(version_of "$(browser)")
    driver=$(version_of chromedriver)
    [ "${found%%.*}" = "${driver%%.*}" ] ||
        die "chromedriver ${driver:-(which does not start)} cannot drive $(browser) ${found:-(which does not start)}; please install the two in one version."
}
