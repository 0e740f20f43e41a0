#!/bin/sh
# A program in the image's file system, as the container of manifests/base/deployment.yaml runs it:
#
#   in_image.sh ROOT STATE ACCOUNT PROGRAM [ARGUMENT…]
#
# ROOT (of manifests/rootfs.sh) is read-only; STATE is mounted writable at /var/lib/serin, and ACCOUNT, unless it
# is "", read-only where a pod has its token. User 65532, no other group, no capabilities, none to be had.
# Needs root. Mounts are in a namespace of its own and end with the program, which takes this process's place.
set -eu

if [ "${1:-}" != --inside ]; then
	exec unshare --mount --propagation private "$0" --inside "$@"
fi
shift
root=$1
state=$2
account=$3
shift 3

mount --bind "$root" "$root"
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/var/run"
mkdir -p "$root/var/run/secrets/kubernetes.io/serviceaccount"
if [ -n "$account" ]; then
	mount --bind "$account" "$root/var/run/secrets/kubernetes.io/serviceaccount"
	mount -o remount,bind,ro "$root/var/run/secrets/kubernetes.io/serviceaccount"
fi
mount -o remount,ro "$root/var/run"
mount --bind "$state" "$root/var/lib/serin"
mount -o remount,bind,ro "$root"
export HOME=/var/lib/serin # as /etc/passwd says; a container gets it from there
exec setpriv --no-new-privs --inh-caps=-all chroot --userspec=65532:65532 --groups= "$root" "$@"
