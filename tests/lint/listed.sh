#!/bin/sh
# Each C file of the tree is compiled: it stands in its folder's meson.build.
. "$(dirname "$0")/tree.sh"

compiled >"$scratch/rows" || exit 1
cut -d ' ' -f 1 "$scratch/rows" | sort -u >"$scratch/listed"
c_files agent analysis providers tests | grep '\.c$' | comm -23 - "$scratch/listed" |
	offend 'nobody compiles it, list it in meson.build'
verdict
