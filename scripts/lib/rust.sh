# shellcheck shell=bash disable=SC2154
# A Rust that builds for wasm, too, whenever it is called in this checkout. Two routes lead there:
#
# A. rustup adds the target, rustfmt and clippy to the toolchain in use.
# B. Where there is no rustup, or it was told not to fetch parts by itself (RUSTUP_AUTO_INSTALL=0), Debian's compiler
#    for its web browsers is taken, and the standard library is built for wasm from the source packaged with it.
#    To rustup that compiler becomes the toolchain `debian`, which it uses in this checkout only.

wasm=wasm32-unknown-unknown
debian_rustlib=/usr/lib/rustlib
debian_rustc=/usr/bin/rustc
debian_cargo=/usr/bin/cargo

set_up_rust() {
    rust_is_complete || bring_rust
    rust_is_complete || die "a Rust which builds for $wasm was set up, but the one in use here is $(rustc --version); is RUSTUP_TOOLCHAIN set?"
    check_rust_version
}

rust_is_complete() {
    builds_for_wasm rustc && cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1
}

# Asked of the compiler itself: a standard library may be there, but of another release. With `--test`, for that needs
# one more library, which the tests in the browser need as well.
builds_for_wasm() {
    mkdir -p "$logs"
    echo | "$1" - --test --crate-name probe --target "$wasm" -o "$logs/probe.wasm" >/dev/null 2>&1
}

bring_rust() {
    if have rustup && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; then
        quietly "add the target $wasm by rustup" rustup target add "$wasm"
        quietly "add rustfmt and clippy by rustup" rustup component add rustfmt clippy
    elif have apt-get; then
        bring_debian_rust
    elif have rustup; then
        die "rustup may not fetch the target $wasm (RUSTUP_AUTO_INSTALL=0), and there is no apt to take a compiler from instead."
    else
        die "please install Rust by rustup, or your distribution's packages of cargo, rustfmt, clippy and Rust's target $wasm."
    fi
}

check_rust_version() {
    local wanted found
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    found=$(version_of rustc)
    at_least "$found" "$wanted" || die "rustc $found is older than $wanted, which this workspace needs; please update it (rustup update)."
}

# --- Route B ----------------------------------------------------------------------------------------------------------

bring_debian_rust() {
    need_debian "Rust from Debian" rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web
    install_what_is_needed
    builds_for_wasm $debian_rustc || bring_debian_std
    ! have rustup || choose_debian_rust
}

need_debian() {
    local what=$1
    shift
    dpkg --status "$@" >/dev/null 2>&1 || need "$what" "$@"
}

bring_debian_std() {
    local work=$logs/std
    ask_for_root "place the standard library for $wasm beside Debian's compiler"
    bring_debian_linker
    make_empty_crate "$work"
    quietly "build the standard library for $wasm (about a minute)" build_debian_std "$work"
    quietly "place the standard library for $wasm" place_debian_std "$work"
    rm -rf "$work"
}

# rustc looks for its own `rust-lld`. Debian has the same program under the name of LLVM's version.
bring_debian_linker() {
    local llvm host
    llvm=$($debian_rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    host=$($debian_rustc -vV | sed -n 's/^host: //p')
    need_debian "LLVM's linker" "lld-$llvm"
    install_what_is_needed
    as_root mkdir -p "$debian_rustlib/$host/bin"
    as_root ln -sf "/usr/bin/lld-$llvm" "$debian_rustlib/$host/bin/rust-lld"
}

make_empty_crate() {
    rm -rf "$1"
    mkdir -p "$1/src"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$1/Cargo.toml"
    touch "$1/src/lib.rs"
}

# RUSTC: or cargo would take rustup's. Bootstrap: it is Debian's stable release that we ask for an unstable option.
# `test`: for wasm-bindgen-test. Bitcode: for link-time optimisation. Unwind tables: of no use on wasm.
build_debian_std() (
    cd "$1" && env -u CARGO_BUILD_TARGET -u RUSTUP_TOOLCHAIN RUSTC=$debian_rustc RUSTC_BOOTSTRAP=1 \
        RUSTFLAGS="-Cembed-bitcode=yes -Cforce-unwind-tables=no" \
        $debian_cargo build --release -Zbuild-std=std,panic_abort,test --target "$wasm" --target-dir target
)

# Moved into place as a whole, so that an interruption leaves nothing half done.
place_debian_std() {
    local new=$1/new
    mkdir -p "$new/lib" &&
        cp "$1/target/$wasm/release/deps"/*.rlib "$new/lib/" &&
        rm "$new/lib"/libempty-*.rlib &&
        as_root chown -R root "$new" &&
        as_root rm -rf "${debian_rustlib:?}/$wasm" &&
        as_root mv "$new" "$debian_rustlib/$wasm"
}

choose_debian_rust() {
    [ "$(rustup run debian rustc --print sysroot 2>/dev/null)" = /usr ] ||
        quietly "make Debian's Rust known to rustup as the toolchain 'debian'" rustup toolchain link debian /usr
    quietly "choose the toolchain 'debian' for this checkout" rustup override set debian --path "$root"
}
