# shellcheck shell=bash
# The styles of an exhibit in a chapter, from those of the page: one after the other, so that what a chapter needs comes last and wins.
# The page's `rem` is the book's there, and some books have made it 10 pixels.
embedded_styles() {
    cat "$1"/kvs-web/styles/{base,stage,panels,disk,lessons,embed}.css | sed -E 's/(-?[0-9.]+)rem/calc(\1 * 16px)/g'
}
