#!/usr/bin/env bash
# What trunk does after it has built the page: makes what is embedded find the program under the name that trunk gave it.
# Called by the hook in Trunk.toml.
set -euo pipefail

# shellcheck source=scripts/lib/styles.sh
. "$TRUNK_SOURCE_DIR/scripts/lib/styles.sh"

cd "$TRUNK_STAGING_DIR"
from=$TRUNK_SOURCE_DIR/kvs-web

main() {
    cp "$from"/embed/{kvs-zoo.js,kvs-zoo-frame.js,embed.html,embed.js,embed.css,page.js,worker.js} "$from"/src/front/{pictures,surveyed}.txt .
    embedded_styles "$TRUNK_SOURCE_DIR" >kvs-zoo.css
    program=$(only kvs-web*_bg.wasm)
    program=${program%_bg.wasm}
    parts=$(only snippets/*/embed/parts.js)
    name_the_program
    lessons_in_one_text >lessons.txt
    take_the_script_out_of_the_page
    [ "$TRUNK_PROFILE" = release ] || return 0
    take_the_program_apart
    minify
    keep_everything
}

# A module of a fixed name that starts the program and passes on what it exports.
name_the_program() {
    cat >playground.js <<EOF
import start from "./$program.js";
export * from "./$program.js";
export { expectParts } from "./$parts";
export default () => start({ module_or_path: new URL("./${program}_bg.wasm", import.meta.url) });
EOF
}

# As kvs-web/build.rs writes them.
lessons_in_one_text() {
    local lessons=$TRUNK_SOURCE_DIR/lessons
    shelf lessons "$lessons"
    shelf levels "$lessons/levels"
}

# What is not in the list comes last, by its name.
shelf() {
    local listed unlisted file
    listed=$(grep -v '^ *\(#\|$\)' "$2/order.txt")
    unlisted=$(cd "$2" && printf '%s\n' *.kvs | sed 's/\.kvs$//' | LC_ALL=C sort | grep -v -x -F "$listed" || true)
    for file in $listed $unlisted; do
        printf '\n=== %s/%s\n%s' "$1" "$file" "$(cat "$2/$file.kvs")"
    done
}

# Writes where the parts are into the script that fetches them.
take_the_program_apart() {
    local list
    list=$(node "$TRUNK_SOURCE_DIR/scripts/lib/parts/main.mjs" . "$program")
    LIST=$list awk '/\/\*PARTS\*\// { sub(/\/\*PARTS\*\//, ENVIRON["LIST"]) } { print }' "$parts" >parts.new
    mv parts.new "$parts"
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

# Scripts and styles without what only their authors need; not those whose sums trunk has written into the page.
minify() {
    command -v esbuild >/dev/null || { echo "after-build.sh: no esbuild here: scripts and styles stay as they are" >&2; return 0; }
    find . \( -name '*.js' ! -name sw.js -o -name kvs-zoo.css -o -name embed.css \) -exec \
        esbuild --minify --charset=utf8 --log-level=error --allow-overwrite --outdir=. --outbase=. {} +
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
