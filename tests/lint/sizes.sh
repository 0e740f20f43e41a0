#!/bin/sh
# A file has at most 600 lines, a function at most 80, brace to brace. (The formatter sees to it that a function's
# braces, and no others, stand alone in the first column.)
. "$(dirname "$0")/tree.sh"

c_files agent analysis providers tests >"$scratch/files"
[ -s "$scratch/files" ] || exit 0
xargs awk '
	FNR == 1 { began = 0 }
	FNR == 601 { print FILENAME ":601: more than 600 lines" }
	/^[a-z].*\(/ { head = $0 }
	/^\{$/ { began = FNR }
	/^\}$/ && began {
		if (FNR - began + 1 > 80)
			print FILENAME ":" began ": " FNR - began + 1 " lines: " head
		began = 0
	}
' <"$scratch/files" | offend 'too long'
verdict
