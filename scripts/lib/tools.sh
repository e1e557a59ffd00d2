# shellcheck shell=bash disable=SC2154
# The programs that build and test the page. They go where cargo puts programs, so that the next clone finds them there.

trunk_version=0.21.14
wasm_pack_version=0.15.1
mdbook_version=0.5.4
binaryen_version=132
esbuild_version=0.28.2
# Older ones cannot read what rustc emits today (the instruction table.fill).
oldest_binaryen_version=123

tools_target=$logs/tools

fetch_dependencies() {
    cargo fetch --offline >/dev/null 2>&1 || quietly "fetch the crates that the workspace depends on" cargo fetch
}

set_up_cargo_tools() {
    local bindgen_version
    bindgen_version=$(locked_version wasm-bindgen)
    # The very version of the library, or the two do not understand each other. Not with the lock file it was published
    # with: that one asks for a crate which is no longer there.
    [ "$(version_of wasm-bindgen)" = "$bindgen_version" ] || cargo_install "wasm-bindgen-cli@$bindgen_version"
    at_least "$(version_of wasm-pack)" "$wasm_pack_version" || cargo_install --locked "wasm-pack@$wasm_pack_version"
    at_least "$(version_of trunk)" "$trunk_version" || cargo_install --locked "trunk@$trunk_version"
    # Without its server and its search, which nobody needs here: half the time.
    at_least "$(version_of mdbook)" "$mdbook_version" || cargo_install --locked --no-default-features "mdbook@$mdbook_version"
    # Not earlier: the tools share dependencies, and after a failure the next attempt goes on from here.
    rm -rf "$tools_target"
}

# The version of a crate in the lock file.
locked_version() {
    awk -v name="\"$1\"" '$1 == "name" { found = $3 == name } found && $1 == "version" { gsub("\"", "", $3); print $3; exit }' Cargo.lock
}

# Quick to build instead of quick to run: these tools run for seconds, but take a quarter of an hour to optimise.
cargo_install() {
    quietly "install ${*: -1} (some minutes)" env -u CARGO_BUILD_TARGET -u RUSTFLAGS CARGO_TARGET_DIR="$tools_target" \
        CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install "$@"
}

need_npm() {
    { wasm_opt_is_recent && have esbuild && [ -e "$axe" ]; } || have npm || need "Node.js with npm" nodejs npm
}

wasm_opt_is_recent() { at_least "$(version_of wasm-opt)" "$oldest_binaryen_version"; }

# From npm, since distributions are years behind and cargo's package is, too.
set_up_wasm_opt() {
    local link=$cargo_home/bin/wasm-opt home=$cargo_home/binaryen-$binaryen_version
    ! wasm_opt_is_recent || return 0
    [ -L "$link" ] || [ ! -e "$link" ] ||
        die "$link is older than version $oldest_binaryen_version; please remove it (cargo uninstall wasm-opt), then run this again."
    quietly "install wasm-opt $binaryen_version" npm install --prefix "$home" --no-audit --no-fund "binaryen@$binaryen_version"
    ln -sf "$home/node_modules/.bin/wasm-opt" "$link"
    wasm_opt_is_recent || die "wasm-opt $binaryen_version does not run with Node.js $(version_of node)."
}

# Makes scripts and styles small.
set_up_esbuild() {
    local home=$cargo_home/esbuild-$esbuild_version
    ! have esbuild || return 0
    quietly "install esbuild $esbuild_version" npm install --prefix "$home" --no-audit --no-fund "esbuild@$esbuild_version"
    ln -sf "$home/node_modules/.bin/esbuild" "$cargo_home/bin/esbuild"
    have esbuild || die "esbuild $esbuild_version does not run here."
}

# What the end-to-end tests look for barriers with.
set_up_axe() {
    [ -e "$axe" ] || quietly "install axe-core $axe_version" npm install --prefix "$axe_home" --no-audit --no-fund "axe-core@$axe_version"
}

remind_of_path() {
    local tool
    for tool in trunk wasm-pack wasm-opt; do
        [ "$(PATH=$path_of_the_user command -v "$tool")" = "$(command -v "$tool")" ] || {
            say "setup: to type trunk and wasm-pack by hand, put $cargo_home/bin first on your PATH."
            return
        }
    done
}
