#!/bin/sh
# What `make install` puts in place, as docs/install.md says it: install.sh BUILD
# From a build directory that is up to date, into a folder of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
prefix=$root$(meson introspect --buildoptions "$build" |
	python3 -c 'import json, sys; print(*[o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"])')
n=0

# verdict NAME: of the command before.
verdict() {
	code=$?
	n=$((n + 1))
	if [ $code -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$work/said"
	fi
	: >"$work/said"
}

echo 1..8
meson install -C "$build" --no-rebuild --destdir "$root" >"$work/said" 2>&1
verdict "it installs below DESTDIR"

find "$root" -not -type d -not -path "$prefix/*" >"$work/said"
[ ! -s "$work/said" ]
verdict "nothing lies outside of PREFIX"

# make passes PREFIX on each time, not only the first; what it needs is what a build needs
make --dry-run install PREFIX=/opt/serin >"$work/said" 2>&1 &&
	grep -q -e '--prefix=/opt/serin' "$work/said" && grep -q 'tests/needs.sh gcc' "$work/said"
verdict "make install heeds PREFIX, and installs what the build needs"

(cd "$prefix" && find . -not -type d | sort) >"$work/files"
sed 's/^/.\//' >"$work/wanted" <<-END
	bin/kubectl-canary
	bin/serin
	share/bash-completion/completions/kubectl-canary.bash
	share/bash-completion/completions/serin.bash
	share/fish/vendor_completions.d/kubectl-canary.fish
	share/fish/vendor_completions.d/serin.fish
	share/man/man1/serin.1
	share/zsh/site-functions/_serin
END
grep -v '^./share/serin/manifests/' "$work/files" | diff "$work/wanted" - >"$work/said"
verdict "executable, plugin, manual page and completions, and nothing else"

for file in $(cd manifests && find base components overlays -type f) crd-canary.yaml kustomization.yaml; do
	cmp "manifests/$file" "$prefix/share/serin/manifests/$file"
done >"$work/said" 2>&1
[ ! -s "$work/said" ]
verdict "the manifests as they are here"

sed -n 's/^ *- \(.*\.yaml\|\.\..*\|[a-z]*\/.*\)$/\1/p' "$prefix/share/serin/manifests/kustomization.yaml" |
	while read -r file; do [ -e "$prefix/share/serin/manifests/$file" ] || echo "$file: not there"; done >"$work/said"
[ ! -s "$work/said" ]
verdict "kustomization.yaml finds what it names"

{
	"$prefix/bin/serin" version | grep -q '^serin ' &&
		"$prefix/bin/kubectl-canary" help | grep -q '^Usage: kubectl canary COMMAND' &&
		"$prefix/bin/serin" man | cmp - "$prefix/share/man/man1/serin.1"
} >"$work/said" 2>&1
verdict "it runs under both names, and the manual page is its own"

bash -n "$prefix/share/bash-completion/completions/kubectl-canary.bash" >"$work/said" 2>&1 &&
	[ "$(head -n 1 "$prefix/share/zsh/site-functions/_serin")" = "#compdef serin kubectl-canary" ] &&
	grep -q '^complete -c kubectl-canary ' "$prefix/share/fish/vendor_completions.d/kubectl-canary.fish"
verdict "completions for both names"
