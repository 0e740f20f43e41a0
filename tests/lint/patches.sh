#!/bin/sh
# The patches that the tests plant in a copy of the tree, bugs of tests/simulation/planted/ and hazards of
# tests/mutants/hazards/, apply to it: whoever changes what they change mends them.
. "$(dirname "$0")/tree.sh"

files -path './tests/simulation/planted/*.patch' -o -path './tests/mutants/hazards/*.patch' >"$scratch/patches"
while read -r patch; do
	patch -p1 --dry-run --forward --fuzz=1 --silent <"$patch" >"$scratch/said" 2>&1 || {
		echo "$patch" | offend 'does not apply'
		cat "$scratch/said" >>"$offences"
	}
done <"$scratch/patches"
verdict
