#!/bin/sh
# The image's file system: assembled twice it is the same, and the program runs in it as the Deployment says,
# read-only and without rights. image.sh BINARY; needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
binary=$1
work=$(mktemp -d)
agent=
trap 'kill $agent 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work" # user 65532 must get to the root
n=0

if [ "$(id -u)" != 0 ]; then
	echo 1..1
	echo "not ok 1 - this test becomes another user: run it as root"
	exit 1
fi

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

inside() { tests/install/in_image.sh "$work/image" "$work/state" "" "$@"; }

mkdir "$work/state"
chown 65532:65532 "$work/state"
: >"$work/said"
echo 1..13

tr -s ' \t\\' '\n' <manifests/Containerfile | sort -u >"$work/words"
sed -n '/^NEEDS_BUILD =/,/[^\\]$/p' Makefile | tr -s ' \t\\=' '\n' | grep '^[a-z]' | sort -u >"$work/needs"
comm -13 "$work/words" "$work/needs" >"$work/said"
[ -s "$work/needs" ] && grep -q 'manifests/rootfs.sh' "$work/words" && [ ! -s "$work/said" ]
verdict "the Containerfile installs what the Makefile names, and assembles as this test does"

SOURCE_DATE_EPOCH=1700000000 manifests/rootfs.sh "$binary" "$work/image" >"$work/first" 2>"$work/said"
verdict "it is assembled: $(cat "$work/first")"

# The executable of a release is about 1 MB; this one may have what debuggers want.
stated=$(sed -n 's/.*certificate authorities: \([0-9]*\) MB.*/\1/p' docs/install.md)
bytes=$(sed 's/.* files, \([0-9]*\) bytes.*/\1/' "$work/first")
beside=$((bytes - $(stat -c %s "$work/image/usr/bin/serin")))
echo "$beside bytes beside the executable; stated: $stated MB in all" >"$work/said"
[ $((beside / 1000000 + 1)) -le $((stated + 1)) ] && [ $((beside / 1000000 + 1)) -ge $((stated - 1)) ]
verdict "docs/install.md states its size"

umask 077
cp "$binary" "$work/serin"
touch "$work/serin"
SOURCE_DATE_EPOCH=1700000000 manifests/rootfs.sh "$work/serin" "$work/again" >"$work/second" 2>"$work/said" &&
	diff "$work/first" "$work/second" >"$work/said"
verdict "assembled again, from a copy and under another umask, it is the same"
umask 022

SOURCE_DATE_EPOCH=1700000001 manifests/rootfs.sh "$work/serin" "$work/later" >"$work/second" 2>"$work/said" &&
	! diff -q "$work/first" "$work/second" >"$work/said"
verdict "another SOURCE_DATE_EPOCH makes another"

{ find "$work/image" -perm /7000 -o -perm /022 -type f -o ! -user root -o ! -group root; } >"$work/said" 2>&1 &&
	[ ! -s "$work/said" ]
verdict "all of it is root's, and nothing is writable by others or set-user-ID"

find "$work/image" -type f ! -path '*/usr/bin/serin' ! -path '*/etc/*' ! -path '*.so*' >"$work/said" &&
	[ ! -s "$work/said" ]
verdict "executable, libraries and /etc are all there is"

touch "$work/image/etc/spoiled" && ! manifests/rootfs.sh "$binary" "$work/image" >"$work/said" 2>&1 &&
	grep -q 'is not empty' "$work/said"
verdict "what is not empty is not assembled over"
rm "$work/image/etc/spoiled"

inside /usr/bin/serin version >"$work/said" 2>&1 && grep -q '^serin [0-9]' "$work/said"
verdict "serin version"

inside /usr/bin/serin demo --speed 0 >"$work/said" 2>&1 && grep -q 'rolled_back\|rolled back' "$work/said"
verdict "serin demo, to its end"

inside /usr/bin/kubectl-canary version >"$work/said" 2>&1
verdict "kubectl-canary"

# An agent whose API server does not answer still lives, tells so, and keeps its history on the volume.
cat >"$work/state/kubeconfig" <<'EOF'
apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {token: none}}]
EOF
chmod 644 "$work/state/kubeconfig"
tests/install/in_image.sh "$work/image" "$work/state" "" \
	/usr/bin/serin agent --kubeconfig=/var/lib/serin/kubeconfig --state-dir=/var/lib/serin --port=0 >"$work/said" 2>&1 &
agent=$!
for _ in $(seq 100); do
	[ -s "$work/state/history.db" ] && break
	sleep 0.1
done
[ -s "$work/state/history.db" ] && kill -0 "$agent" 2>>"$work/said" &&
	grep -E '^(Uid|Gid):	65532	65532	65532	65532$|^Groups:	 ?$|^Cap(Inh|Prm|Eff|Amb):	0+$|^NoNewPrivs:	1$' \
		"/proc/$agent/status" >"$work/rights" && [ "$(wc -l <"$work/rights")" = 8 ]
verdict "the agent runs as 65532 without capabilities, and its history is on the volume"

awk '$2 == "/" { print $4 }' "/proc/$agent/mounts" 2>/dev/null | tail -n 1 | grep -q '^ro,' &&
	kill -TERM "$agent" && wait "$agent"
verdict "its root is read-only, and SIGTERM ends it with 0"
agent=
