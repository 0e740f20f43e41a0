#!/bin/sh
# No writable variable outlives a call: an agent is a value, and two run in one process. Tables are const.
. "$(dirname "$0")/tree.sh"

objects >"$scratch/objects" || exit 1
while read -r source object; do
	objdump --syms "$object" | awk -v source="$source" '
		# VALUE FLAGS SECTION SIZE NAME; the flags are seven columns, the last of them O for an object
		substr($0, 24, 1) == "O" || / \*COM\*/ {
			section = substr($0, 26); sub(/[\t ].*/, "", section)
			if (section ~ /^\.data\.rel\.ro/) next
			if (section ~ /^(\.data|\.bss|\.tdata|\.tbss|\.lbss|\.ldata|\*COM\*)/) print source ": " $NF " in " section
		}'
done <"$scratch/objects" | offend 'a writable variable'
verdict
