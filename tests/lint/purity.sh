#!/bin/sh
# The core sees no clock, no environment, no network, no file and no randomness: what libanalysis.a calls and does
# not define lies in a short list. As near to a proof as C allows.
. "$(dirname "$0")/tree.sh"

allowed='
	malloc calloc realloc reallocarray free abort
	memcpy memmove memset memcmp memchr memmem
	strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strrchr strstr strspn strcspn strpbrk
	strtol strtoll strtoul strtoull strtod __errno_location
	__isoc23_strtol __isoc23_strtoll __isoc23_strtoul __isoc23_strtoull
	snprintf vsnprintf qsort bsearch
	fabs floor ceil trunc round lround llround fmod fmin fmax sqrt exp expm1 log log1p log2 pow erf erfc
	lgamma_r hypot
	__memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk
	__assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
'

archive=$build/analysis/libanalysis.a
[ -e "$archive" ] || {
	echo "no $archive: build first"
	exit 1
}
nm --defined-only --extern-only --format=just-symbols "$archive" | sort -u >"$scratch/known"
echo "$allowed" | tr -s '[:space:]' '\n' | sort -u >>"$scratch/known"
nm --undefined-only --print-file-name --format=posix "$archive" |
	awk 'NR == FNR { known[$1] = 1; next } !($(NF - 1) in known) { print $1, $(NF - 1) }' "$scratch/known" - |
	offend 'the core calls what it must not know'
verdict
