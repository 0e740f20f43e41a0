#!/bin/sh
# The formatter changes nothing. `make format` lets it have its way.
. "$(dirname "$0")/tree.sh"

c_files agent analysis providers tests >"$scratch/files"
xargs -r -P 2 -n 20 clang-format-14 --dry-run -Werror <"$scratch/files" 2>&1 |
	grep -E ': (error|warning):|[Nn]o such' | offend 'make format'
verdict
