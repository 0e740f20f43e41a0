#!/bin/sh
# Every member of what `decide` gets and answers has a row in providers/record_*.c: from what is not recorded, no
# decision can be derived again. (tests/providers/test_record.c writes and reads them.)
. "$(dirname "$0")/tree.sh"

headers='analysis/cookie.h analysis/facts.h analysis/release.h analysis/verb.h analysis/spec.h analysis/plan.h'

# "STRUCT MEMBER" of the structures in a header; of a structure without a name, of what holds it.
members()
{
	awk '
		{ gsub(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//, "") }
		/\/\*/ { comment = 1; sub(/\/\*.*/, "") }
		comment && /\*\// { comment = 0; sub(/.*\*\//, "") }
		comment && !/;/ { next }
		/^struct [a-z_]+ \{$/ { tag = $2; next }
		/^\};/ { tag = ""; next }
		tag == "" { next }
		/[;]$/ || /;[ \t]*$/ {
			line = $0
			if (line ~ /^[ \t]*\}/) next
			sub(/;[ \t]*$/, "", line); sub(/\[.*/, "", line); sub(/.*[^a-z0-9_]/, "", line)
			if (line != "") print tag, line
		}
	' "$1"
}

# "STRUCT MEMBER" of the tables; the last name of a path counts.
rows()
{
	awk '
		/#define OF\(member\)/ { tag = $0; sub(/.*struct /, "", tag); sub(/,.*/, "", tag) }
		{
			rest = $0
			while (match(rest, /(OF|COUNT)\([a-z0-9_.]+\)/)) {
				name = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
				sub(/^[A-Z]+\(/, "", name); sub(/\)$/, "", name); sub(/.*\./, "", name)
				if (name != "member") print tag, name
			}
		}
	' "$@"
}

ls providers/record_*.c >"$scratch/tables" 2>/dev/null || exit 0
rows providers/record_*.c | sort -u >"$scratch/rows"
cut -d ' ' -f 1 "$scratch/rows" | sort -u >"$scratch/structs"
[ -s "$scratch/structs" ] || echo 'no table' | offend 'providers/record_*.c has no tables'
for header in $headers; do
	[ -e "$header" ] && members "$header"
done | while read -r tag member; do
	# What decides keeps in a plan, and what no table is about, is not recorded.
	grep -qx "$tag" "$scratch/structs" || continue
	grep -qx "$tag $member" "$scratch/rows" || echo "struct $tag: $member"
done | offend 'a member has no row in its table in providers/record_*.c: add it, or no decision can be derived again'
verdict
