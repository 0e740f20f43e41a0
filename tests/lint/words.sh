#!/bin/sh
# The tree speaks of the product, not of where or by whom it is made: no machine paths, no workplace.
. "$(dirname "$0")/tree.sh"

# Each pattern is written so that it does not match itself.
cat >"$scratch/patterns" <<'PATTERNS'
f[a]rm-
/[w]ork/
/[r]oot/
/tmp/[b]rief
the C[E]O
[Tt]his [s]ession
[Pp]revious [s]ession
[Cc]laud[e]
[Aa]nthropi[c]
[Ll]anguage m[o]del
GOPROXY=h[t]tp
index-url=h[t]tp
PATTERNS
files ! -name go.sum | tr '\n' '\0' | xargs -0 -r grep -HnIE -f "$scratch/patterns" |
	offend 'a word that has no place here'
verdict
