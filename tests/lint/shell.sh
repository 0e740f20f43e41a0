#!/bin/sh
# Shell scripts are sound: the shell can read them, and shellcheck has nothing against them.
# Python scripts compile.
. "$(dirname "$0")/tree.sh"

files -name '*' | tr '\n' '\0' | xargs -0 -r awk '
	FNR == 1 && /^#!.*[\/ ](ba|da)?sh( |$)/ || FNR == 1 && FILENAME ~ /\.sh$/ { print FILENAME }
	{ nextfile }' >"$scratch/scripts"
while read -r script; do
	case $(head -n 1 "$script") in
	*bash*) bash -n "$script" 2>&1 ;;
	*) sh -n "$script" 2>&1 ;;
	esac
done <"$scratch/scripts" | offend 'the shell cannot read it'
xargs -r shellcheck --severity=warning --format=gcc --external-sources --source-path=SCRIPTDIR \
	<"$scratch/scripts" | offend 'shellcheck'
files -name '*.py' | while read -r script; do
	python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$script" 2>&1
done | offend 'python cannot read it'
verdict
