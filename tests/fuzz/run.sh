#!/bin/sh
# Fuzz each target of a build directory for some seconds: tests/fuzz/run.sh DIR SECONDS
# What it learns is kept in DIR/corpus; an input that breaks a target is left in DIR and named.
set -u
build=$1
seconds=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$build" || exit 1

status=0
tried=0
for target in tests/fuzz_*; do
	[ -f "$target" ] && [ -x "$target" ] || continue
	tried=$((tried + 1))
	reader=${target#tests/fuzz_}
	mkdir -p "corpus/$reader"
	echo "== $reader, $seconds s =="
	"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$PWD/$reader-" "corpus/$reader" "$root/tests/fuzz/corpus/$reader" >"$reader.log" 2>&1 || {
		status=1
		tail -n 60 "$reader.log"
	}
	grep -E '^stat::number_of_executed_units' "$reader.log"
done
[ "$tried" -gt 0 ] || {
	echo 'no fuzz target is built' >&2
	exit 1
}
exit $status
