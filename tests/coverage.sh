#!/bin/sh
# What the core's tests reach of analysis/: tests/coverage.sh DIR, a build directory with -Db_coverage=true.
# All lines but abort(), and 95 % of the branches but those of asserts. First the heart by the walk alone, then all.
set -eu
build=$1
walk=walk
status=0

measure() # FILTER…
{
	gcovr --root . --object-directory "$build" --exclude-directories '.*/walk_without_guard' --exclude-branches-by-pattern '.*\bassert\(.*' \
		--exclude-lines-by-pattern '.*\babort\(\);' --exclude-unreachable-branches \
		--print-summary --fail-under-line 100 --fail-under-branch 95 "$@" "$build" || status=1
}

ninja -C "$build" --quiet core
find "$build" -name '*.gcda' -delete
if [ -x "$build/tests/$walk" ]; then
	echo "== the walk alone =="
	"$build/tests/$walk" >"$build/walk.log" 2>&1 || {
		cat "$build/walk.log"
		exit 1
	}
	measure --filter 'analysis/(decide|guards|strategy)\.c' --filter 'analysis/phase/'
fi
echo "== the core's tests =="
others=$(meson test -C "$build" --no-rebuild --list --suite core | sed 's,.* / ,,' | grep -v "^$walk" || true)
# shellcheck disable=SC2086 # a list of words
[ -z "$others" ] || meson test -C "$build" --no-rebuild $others
measure --filter 'analysis/'
exit $status
