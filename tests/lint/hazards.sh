#!/bin/sh
# docs/compatibility.md and the tests agree: each hazard of the incumbent has a row; a row names a test, but where it
# says "later"; what it names is there; and a test that is named after a hazard has its row.
. "$(dirname "$0")/tree.sh"

document=docs/compatibility.md
hazards=62 # the last one
[ -e "$document" ] || exit 0

# Code of the tests that documents name.
c_files tests | tr '\n' '\0' | xargs -0 -r cat >"$scratch/code"
[ -d tests/cluster/scenarios ] && cat tests/cluster/scenarios/*.py >"$scratch/scenarios"
touch "$scratch/scenarios"

grep -E '^\| D-[0-9]' "$document" >"$scratch/rows"
cut -d '|' -f 2 "$scratch/rows" | grep -oE 'D-[0-9]+' | sort -u >"$scratch/known"

number=0
while [ $number -lt $hazards ]; do
	number=$((number + 1))
	grep -qx "D-$number" "$scratch/known" || echo "D-$number"
done >"$scratch/missing"
# There is no such hazard.
grep -vx 'D-57' "$scratch/missing" | offend "$document has no row"

# What a row names: `test_…`, `D_…` and `check_…` in backquotes, and scenarios after the word cluster.
tests_of()
{
	# shellcheck disable=SC2016 # backquotes
	echo "$1" | grep -oE '`(test_|D_[0-9]|check_)[^`]*`' | tr -d '`'
	echo "$1" | sed -n 's/.*cluster \(`[^|;]*\).*/\1/p' | tr ',' '\n' | tr -d '` ' |
		sed 's/^/cluster /; s/\*$//'
}

is_there()
{
	case $1 in
	'cluster '*) grep -qF "${1#cluster }" "$scratch/scenarios" ;;
	D_*) grep -qF "$1" "$scratch/code" ;;
	*) grep -qE "^(static )?[a-z].*[ *]$1\(" "$scratch/code" || ls tests/*/"$1".c >"$scratch/found" 2>&1 ;;
	esac
}

while read -r row; do
	name=$(echo "$row" | cut -d '|' -f 2 | tr -d ' ')
	tests_of "$row" >"$scratch/tests"
	[ -s "$scratch/tests" ] || echo "$row" | grep -q later || echo "$name" | offend "$document names no test"
	while read -r test; do
		is_there "$test" || echo "$name: $test" | offend "$document names a test that is not there"
	done <"$scratch/tests"
done <"$scratch/rows"

grep -oE '(test_|"|void )(D_[0-9]+_)+' "$scratch/code" | grep -oE 'D_[0-9]+' | sort -u | tr _ - |
	grep -vxF -f "$scratch/known" | offend "a test of a hazard without a row in $document"
verdict
