#!/usr/bin/env bash
# What trunk does after it has built the page: makes what is embedded find the program under the name that trunk gave it.
# Called by the hook in Trunk.toml.
set -euo pipefail

# shellcheck source=scripts/lib/styles.sh
. "$TRUNK_SOURCE_DIR/scripts/lib/styles.sh"

cd "$TRUNK_STAGING_DIR"
from=$TRUNK_SOURCE_DIR/kvs-web

main() {
    cp "$from"/embed/{kvs-zoo.js,kvs-zoo-frame.js,embed.html,embed.js,embed.css,page.js} .
    embedded_styles "$TRUNK_SOURCE_DIR" >kvs-zoo.css
    name_the_program
    take_the_script_out_of_the_page
    [ "$TRUNK_PROFILE" != release ] || keep_everything
}

# A module of a fixed name that starts the program and passes on what it exports.
name_the_program() {
    local program
    program=$(only kvs-web*_bg.wasm)
    program=${program%_bg.wasm}
    cat >playground.js <<EOF
import start from "./$program.js";
export * from "./$program.js";
export default () => start({ module_or_path: new URL("./${program}_bg.wasm", import.meta.url) });
EOF
}

only() {
    [ $# = 1 ] && [ -e "$1" ] || { echo "after-build.sh: expected one program, found: $*" >&2; exit 1; }
    printf '%s\n' "$1"
}

# Trunk starts the program by a script within the page, which a strict Content-Security-Policy forbids.
take_the_script_out_of_the_page() {
    awk '
        /<script type="module"/ && !done { buffer = $0; skipping = 1; if (!/<\/script>/) next }
        skipping {
            if (buffer != $0) buffer = buffer "\n" $0
            if (/<\/script>/) {
                skipping = 0
                if (buffer ~ /import init/) { sub(/^.*<\/script>/, ""); print "<script type=\"module\" src=\"page.js\"></script>" $0; done = 1 }
                else print buffer
            }
            next
        }
        { print }
    ' index.html >index.new
    grep -q 'src="page.js"' index.new || { echo "after-build.sh: trunk starts the program in a way that is not known here" >&2; exit 1; }
    mv index.new index.html
}

# The names of all files and a version that changes with any of them, for the worker that serves them without a network.
keep_everything() {
    local files version
    files=$(find . -type f ! -name '.*' ! -name sw.js | LC_ALL=C sort)
    version=$(cksum_of_all "$files")
    sed -i.old 's/<html /<html data-offline="yes" /' index.html
    rm index.html.old
    # shellcheck disable=SC2001
    FILES=$(sed 's/.*/  "&",/' <<<"./
$files") VERSION=$version awk '
        { sub(/@VERSION@/, ENVIRON["VERSION"]) }
        /\/\*FILES\*\// { print "const FILES = [\n" ENVIRON["FILES"] "\n];"; next }
        { print }
    ' "$from/embed/sw.js" >sw.js
}

cksum_of_all() {
    # shellcheck disable=SC2086
    cat $1 | cksum | tr ' ' '-'
}

main
