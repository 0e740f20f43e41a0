#!/bin/sh
# Have these Debian packages: tests/needs.sh PACKAGE…
# Installs what is lacking, after saying what. Without root it names the one command and fails; elsewhere than on
# Debian it names the packages, and leaves it to the build to miss them.
set -eu

lacking=
for package; do
	state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || lacking="$lacking $package"
done
[ -n "$lacking" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "This is not Debian: what it calls$lacking must be there." >&2
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "Lacking:$lacking. The one command to get them:" >&2
	echo "  sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends$lacking'" >&2
	exit 1
fi
echo "Installing Debian packages:$lacking"
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
# shellcheck disable=SC2086 # a list of words
apt-get install --quiet=2 --yes --no-install-recommends $lacking
