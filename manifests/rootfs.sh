#!/bin/sh
# The file system of the image: manifests/rootfs.sh BINARY DIRECTORY
#
# Puts the executable, the shared libraries it names, the certificate authorities of this machine and a passwd
# into DIRECTORY, which must be empty or absent, and prints how much it is and the digest of it as an archive.
# Same inputs, same digest: every time is SOURCE_DATE_EPOCH (0 without it), every mode is set, the owner is root.
set -eu
umask 022
export LC_ALL=C

fail() {
	echo "rootfs.sh: $*" >&2
	exit 1
}

[ $# -eq 2 ] || fail "usage: rootfs.sh BINARY DIRECTORY"
binary=$1
root=$2
epoch=${SOURCE_DATE_EPOCH:-0}
authorities=/etc/ssl/certs/ca-certificates.crt

[ -x "$binary" ] || fail "$binary: no executable"
[ -s "$authorities" ] || fail "$authorities is not there: install ca-certificates"
mkdir -p "$root"
[ -z "$(ls -A "$root")" ] || fail "$root is not empty"

# put MODE FILE PLACE: a copy, where links lead, whatever its owner and times.
put() {
	mkdir -p "$root$(dirname "$3")"
	install -m "$1" "$2" "$root$3"
}

# Each library at the path under which the loader found it: "NAME => PATH (…)", and the loader "PATH (…)".
libraries() {
	ldd "$binary" >"$root/ldd" || fail "$binary: ldd cannot read it"
	! grep 'not found' "$root/ldd" >&2 || fail "$binary: a library is missing"
	awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' "$root/ldd" | sort -u
	rm "$root/ldd"
}

put 755 "$binary" /usr/bin/serin
strip --strip-all "$root/usr/bin/serin"
libraries >"$root/libraries"
while read -r library; do
	put 755 "$library" "$library"
done <"$root/libraries"
rm "$root/libraries"
ln -s serin "$root/usr/bin/kubectl-canary"
put 644 "$authorities" "$authorities"

# Where the kubelet and the volumes of the Deployment are mounted; the root itself is read-only.
for place in dev proc sys run var/run var/lib/serin; do
	mkdir -p "$root/$place"
done
printf 'root:x:0:0::/:/nonexistent\nserin:x:65532:65532::/var/lib/serin:/nonexistent\n' >"$root/etc/passwd"
printf 'root:x:0:\nserin:x:65532:\n' >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
chmod -R u=rwX,go=rX "$root"
find "$root" -exec touch --no-dereference --date="@$epoch" {} +

digest=$(tar --create --directory="$root" --sort=name --format=gnu --numeric-owner --owner=0 --group=0 \
	--mtime="@$epoch" . | sha256sum | cut -d ' ' -f 1)
bytes=$(find "$root" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
echo "$(find "$root" -type f | wc -l) files, $bytes bytes, sha256:$digest"
