#!/bin/sh
# Each header compiles alone, and twice.
. "$(dirname "$0")/tree.sh"

c_files agent analysis providers tests | grep '\.h$' >"$scratch/headers"
try='
	printf "#include \"%s\"\n#include \"%s\"\n" "$1" "$1" |
		${CC:-cc} -std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -Wno-unused-function -I. \
			-fsyntax-only -xc - >"$0/$$" 2>&1 || sed "s|^|$1: |" "$0/$$"
'
mkdir "$scratch/out"
# shellcheck disable=SC2016
xargs -r -P 2 -n 1 sh -c "$try" "$scratch/out" <"$scratch/headers" | offend 'does not compile alone and twice'
verdict
