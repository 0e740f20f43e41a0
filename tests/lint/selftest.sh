#!/bin/sh
# Every lint finds a planted violation, and is silent without it: no lint is dead in silence. One TAP line each.
set -u
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
n=0
status=0

report() # ok|not ok, NAME
{
	n=$((n + 1))
	echo "$1 $n - $2"
	[ "$1" = ok ] || status=1
}

# A small sound tree.
sow()
{
	rm -rf "$tree"
	mkdir -p "$tree/analysis/base" "$tree/providers/kube" "$tree/providers/metric" "$tree/agent" "$tree/tests"
	cp "$here/../../.clang-format" "$tree/"
	cat >"$tree/analysis/base/seed.h" <<'C'
#ifndef ANALYSIS_BASE_SEED_H
#define ANALYSIS_BASE_SEED_H

#include <stddef.h>

size_t seed_length(const char *text);

#endif
C
	cat >"$tree/analysis/base/seed.c" <<'C'
#include "analysis/base/seed.h"

#include <string.h>

static const char *const names[] = {"a", "b"};

size_t seed_length(const char *text)
{
	return strlen(text) + strlen(names[0]);
}
C
}

# Compile all sources of the tree, and write what a build directory has to say about them.
grow()
{
	mkdir -p "$tree/build/analysis"
	(
		cd "$tree" || exit 1
		echo '['
		find analysis providers agent -name '*.c' | while read -r source; do
			object=$(echo "$source" | tr / _).o
			${CC:-cc} -O2 -fPIC -D_GNU_SOURCE -I. -c "$source" -o "build/$object" 2>/dev/null
			printf '  {\n    "file": "../%s",\n    "output": "%s"\n  },\n' "$source" "$object"
		done
		echo ']'
	) >"$tree/build/compile_commands.json"
	ar rcs "$tree/build/analysis/libanalysis.a" "$tree"/build/analysis_*.o
}

# expect silent|heard LINT NAME [PATTERN]: the lint's verdict on the tree, compiled
expect()
{
	grow
	expect_now "$@"
}

expect_now()
{
	heard=$("$here/$2" "$tree" "$tree/build" 2>&1)
	code=$?
	case $1 in
	silent) [ $code -eq 0 ] ;;
	*) [ $code -ne 0 ] && echo "$heard" | grep -q -e "$4" ;;
	esac && report ok "$2: $3" && return
	echo "$heard" | sed 's/^/# /'
	report 'not ok' "$2: $3"
}

lints='listed.sh layers.sh purity.sh headers.sh names.sh globals.sh sizes.sh format.sh words.sh shell.sh hazards.sh records.sh patches.sh'

# plant LINT NAME PATTERN PATH: the file comes on standard input
plant()
{
	sow
	mkdir -p "$(dirname "$tree/$4")"
	cat >"$tree/$4"
	expect heard "$1" "finds $2" "$3"
}

sow
for lint in $lints; do
	expect silent "$lint" 'is silent on a sound tree'
done
for lint in "$here"/*.sh; do
	lint=$(basename "$lint")
	case " $lints tree.sh selftest.sh " in
	*" $lint "*) ;;
	*) report 'not ok' "$lint is in the list of tested lints" ;;
	esac
done

plant layers.sh 'the core using a provider' 'seed2.c:1:' analysis/seed2.c <<'C'
#include "providers/http.h"
C
plant layers.sh 'the core reading a clock' 'seed2.c:1:#include <time.h>' analysis/seed2.c <<'C'
#include <time.h>
C
plant layers.sh 'a provider using the agent' 'providers/seed2.h:1:' providers/seed2.h <<'C'
#include "agent/loop.h"
C
plant layers.sh 'a provider doing I/O' 'providers/seed2.c:1:' providers/seed2.c <<'C'
#include <sys/socket.h>
C
plant layers.sh 'a relative include' 'base/seed2.c:1:' analysis/base/seed2.c <<'C'
#include "seed.h"
C
plant layers.sh 'a path that climbs' 'seed2.c:1:' analysis/base/seed2.c <<'C'
#include "analysis/base/../base/seed.h"
C
plant layers.sh 'a library without its owner' 'belongs to agent/http_.* agent/seed2.h:1:' agent/seed2.h <<'C'
#include <curl/curl.h>
C
plant purity.sh 'the core calling time()' 'time' analysis/seed2.c <<'C'
long time(long *);
long seed2(void);
long seed2(void) { return time(0); }
C
plant purity.sh 'the core reading the environment' 'getenv' analysis/seed2.c <<'C'
#include <stdlib.h>
const char *seed2(void);
const char *seed2(void) { return getenv("HOME"); }
C
plant headers.sh 'a header that needs another' 'seed2.h' analysis/seed2.h <<'C'
size_t seed2(void);
C
plant headers.sh 'a header without a guard' 'seed2.h' analysis/seed2.h <<'C'
struct seed2 { int a; };
C
plant names.sh 'a symbol of another name' 'seed2.c: plant' analysis/seed2.c <<'C'
int plant(void);
int plant(void) { return 0; }
C
plant names.sh 'a Kubernetes module without kube_' 'seed2.c: seed2_read' providers/kube/seed2.c <<'C'
int seed2_read(void);
int seed2_read(void) { return 0; }
C
sow
mkdir -p "$tree/providers/metric"
cat >"$tree/providers/metric/seed2.c" <<'C'
extern const int metric_source_seed2;
const int metric_source_seed2 = 1;
C
expect silent names.sh 'accepts the object its table names'
plant globals.sh 'a counter' 'n_calls' agent/seed2.c <<'C'
int seed2(void);
int seed2(void) { static int n_calls; return ++n_calls; }
C
plant globals.sh 'a table that is not const' 'names' agent/seed2.c <<'C'
const char *seed2(int i);
const char *names[] = {"a", "b"};
const char *seed2(int i) { return names[i]; }
C

# From files, not through pipes, since a pipe's end counts in a shell of its own.
{
	printf 'int seed2(int a)\n{\n'
	yes '	a++;' | head -n 78
	printf '	return a;\n}\n'
} >"$scratch/planted"
plant sizes.sh 'a function of 81 lines' '81 lines: int seed2' tests/seed2.c <"$scratch/planted"
yes '/* */' | head -n 601 >"$scratch/planted"
plant sizes.sh 'a file of 601 lines' 'seed2.h:601' tests/seed2.h <"$scratch/planted"
plant format.sh 'spaces for a tab' 'seed2.c:2' tests/seed2.c <<'C'
int seed2(void)
{ return 0; }
C
echo "see f""arm-notes" >"$scratch/planted"
plant words.sh 'a word of the workplace' 'README.md:1:' README.md <"$scratch/planted"
plant shell.sh 'half a script' 'seed2.sh' tests/seed2.sh <<'SH'
if true; then
SH
plant shell.sh 'a careless script' 'seed2' tests/seed2 <<'SH'
#!/bin/sh
cd "$1"
SH
plant shell.sh 'half a program' 'seed2.py' tests/seed2.py <<'PY'
def x(:
PY
# A document of the hazards, with a row and what it names: rows TEST
rows()
{
	sow
	mkdir -p "$tree/docs"
	printf '| D-%s | what | `test_seed` |\n' $(seq 62) | sed "s/| D-7 |.*/| D-7 | what | $1 |/" >"$tree/docs/compatibility.md"
	printf 'static void test_seed(void)\n{\n}\n' >"$tree/tests/seed2.c"
}
rows '`test_seed`'
expect_now silent hazards.sh 'is silent where document and tests agree'
rows '-'
expect_now heard hazards.sh 'finds a row without a test' 'no test: D-7'
rows '`test_sead`'
expect_now heard hazards.sh 'finds a test that is not there' 'D-7: test_sead'
rows '`D_7_seed`'
expect_now heard hazards.sh 'finds a hazard that no test is named after' 'D-7: D_7_seed'
rows 'later'
expect_now silent hazards.sh 'accepts what is to come later'
rows '`test_seed`'
sed -i '/^| D-8 |/d' "$tree/docs/compatibility.md"
expect_now heard hazards.sh 'finds a hazard without a row' 'no row: D-8'
printf 'static void test_D_8_seed(void)\n{\n}\n' >>"$tree/tests/seed2.c"
expect_now heard hazards.sh 'finds the test of a hazard without a row' 'without a row.*: D-8'
sow
printf 'struct seed {\n\tint first; /* a\n\t              b; */\n\tchar second[4];\n};\n' >"$tree/analysis/facts.h"
printf '#define OF(member) RECORD_AT(struct seed, member)\n{"a", OF(first)},\n{"b", OF(second)},\n' >"$tree/providers/record_seed.c"
expect_now silent records.sh 'is silent where each member has its row'
sed -i '/second/d' "$tree/providers/record_seed.c"
expect_now heard records.sh 'finds a member without a row' 'struct seed: second'
sow
mkdir -p "$tree/tests/simulation/planted"
printf '# A bug.\n--- a/analysis/base/seed.c\n+++ b/analysis/base/seed.c\n@@ -3,1 +3,1 @@\n-#include <string.h>\n+#include <stdlib.h>\n' \
	>"$tree/tests/simulation/planted/seed.patch"
expect_now silent patches.sh 'is silent where each patch applies'
sed -i /string/d "$tree/analysis/base/seed.c"
expect_now heard patches.sh 'finds a patch that does not apply' 'does not apply: tests/simulation/planted/seed.patch'
sow
grow
echo 'int seed2;' >"$tree/agent/seed2.c"
expect_now heard listed.sh 'finds a source that nobody compiles' 'agent/seed2.c'

# The runner counts what it is told, and nothing that ends badly passes.
runs() # NAME EXPECTED-LAST-LINE COMMAND [WHAT...]
{
	what=$1
	last=$2
	trial=trial=$3
	shift 3
	heard=$("$here/../run.py" "$@" "$trial" 2>&1)
	code=$?
	if [ "$(echo "$heard" | tail -n 1)" = "$last" ]; then
		case $last/$code in
		*' 0 failed/0' | *' '[!0]*' failed/1') report ok "run.py: $what" && return ;;
		esac
	fi
	echo "$heard" | sed 's/^/# /'
	report 'not ok' "run.py: $what"
}

runs 'counts TAP' '2 passed, 0 failed' 'printf "1..2\nok 1 - a\nok 2 - b\n"'
runs 'counts a failure' '1 passed, 1 failed' 'printf "1..2\nok 1 - a\nnot ok 2 - b\n"; exit 1'
runs 'counts a skipped test as failed' '1 passed, 1 failed' 'printf "1..2\nok 1 - a\nnot ok 2 # SKIP b\n"'
runs 'counts what did not run' '1 passed, 2 failed' 'printf "1..3\nok 1 - a\n"; kill -SEGV $$'
runs 'counts a bad end' '1 passed, 1 failed' 'printf "1..1\nok 1 - a\n"; exit 3'
runs 'counts an empty program' '0 passed, 1 failed' 'printf "1..0\n"'
runs 'adds up totals' '7 passed, 0 failed' 'echo 7 passed, 0 failed'
runs 'does not believe good totals of a bad end' '7 passed, 1 failed' 'echo 7 passed, 0 failed; exit 1'
runs 'counts a program without words by its exit code' '0 passed, 1 failed' 'exit 1'
runs 'waits for what runs beside the rest, and counts it' '3 passed, 1 failed' 'exit 0' \
	'beside&=echo 2 passed, 1 failed; exit 1'

echo "1..$n"
exit $status
