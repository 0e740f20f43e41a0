# What every lint starts with: `. tests/lint/tree.sh`, with $1 the tree (default: this one) and $2 its build
# directory (default: build/ in it). Goes to the tree. A lint prints each offending line and ends with `verdict`.
# shellcheck shell=sh
set -u
tree=$(cd "${1:-$(dirname "$0")/../..}" && pwd) || exit 1
build=${2:-$tree/build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
cd "$tree" || exit 1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
offences=$scratch/offences
: >"$offences"

# Files of the tree, build directories and caches left out: files FIND-EXPRESSION…
files()
{
	find . \( -name .git -o -path './build' -o -path './build-*' -o -name __pycache__ \) -prune \
		-o -type f \( "$@" \) -print | sed 's,^\./,,' | sort
}

# C files of the given folders; a folder that is not there has none.
c_files()
{
	for folder; do
		[ -d "$folder" ] && find "$folder" -type f -name '*.[ch]'
	done | sort
}

# "analysis/base/err.c PATH/base_err.c.o" for each source in the build directory.
compiled()
{
	[ -e "$build/compile_commands.json" ] || {
		echo "no $build/compile_commands.json: build first" >&2
		return 1
	}
	sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p; s/^ *"output": "\(.*\)",\{0,1\}$/\1/p' \
		"$build/compile_commands.json" | paste -d ' ' - - |
		while read -r source object; do
			source=$(cd "$build" && realpath --relative-to="$tree" "$source")
			echo "$source $build/$object"
		done
}

# The same, of the rings only. An object that is not there is an offence.
objects()
{
	compiled >"$scratch/compiled" || return 1
	grep -E '^(analysis|providers|agent)/' "$scratch/compiled" | while read -r source object; do
		if [ -e "$object" ]; then
			echo "$source $object"
		else
			echo "$source" | offend 'not built'
		fi
	done
}

# Lines on standard input are offences, each told with this sentence before it.
offend()
{
	sentence=$1 awk '{ print ENVIRON["sentence"] ": " $0 }' >>"$offences"
}

verdict()
{
	[ -s "$offences" ] || exit 0
	cat "$offences"
	exit 1
}
