#!/usr/bin/env bash
# `docker compose config -q` on docker-compose.yml. Where no Compose v2 is installed, with Debian 13's, unpacked into a
# temporary folder: reading a file needs no daemon. Says so and ends with 0 where neither can be had.
set -euo pipefail
cd "$(dirname "$0")/../.."

if docker compose version > /dev/null 2>&1; then
  docker compose -f docker-compose.yml config -q
  echo "docker-compose.yml: clean (docker compose $(docker compose version --short))"
  exit 0
fi
if ! command -v dpkg-deb > /dev/null; then
  echo "docker-compose.yml: not checked, for there is neither docker compose nor dpkg here"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources.list"
cat > "$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "$(id -un)";
CONF
export APT_CONFIG="$work/apt.conf"
apt-get -qq update
(cd "$work" && apt-get -qq download docker-compose && dpkg-deb -x docker-compose_*.deb root)
"$work/root/usr/libexec/docker/cli-plugins/docker-compose" -f docker-compose.yml config -q
echo "docker-compose.yml: clean (Compose of Debian 13)"
