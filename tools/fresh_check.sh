#!/usr/bin/env bash
# tools/fresh_check.sh [TARGET...]: proves that `make demo` and `make test` (or the given targets) work on a machine that has
# only git, make, a C++ compiler and Python 3. It makes a minimal Debian 12 root below build/fresh with debootstrap, clones HEAD
# into it, and runs the targets there. The bare root is kept as an archive, so that the next run starts at once.
#
# Package sources, keys and proxies are those of this machine, read now and copied into the root only. All mounts live in a
# mount namespace of their own and vanish with it, however this ends.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("$@")
[ $# -gt 0 ] || targets=(demo test)
suite=bookworm
packages=git,make,g++,python3
fresh=$PWD/build/fresh
base=$fresh/base-$suite.tar
root=$fresh/root

[ "$(id -u)" = 0 ] || { echo "A Debian root can be made by root only: sudo make fresh-check" >&2; exit 1; }
tools/setup fresh
mkdir -p "$fresh"

# Second half: inside the namespaces, with the root in place.
if [ "${GODWIT_FRESH_INSIDE:-}" = yes ]; then
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --bind "$fresh/tmp" "$root/tmp"
  status=0
  for target in "${targets[@]}"; do
    echo "=== make $target"
    start=$SECONDS
    if chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
        sh -c 'while IFS= read -r line; do export "$line"; done </etc/godwit-fresh.env; cd /src/godwit && exec make "$1"' sh "$target"
    then verdict=passed; else verdict=FAILED; status=1; fi
    printf 'make %s: %s in %d min %02d s\n' "$target" $verdict $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)) | tee -a "$fresh/times"
  done
  exit $status
fi

# The machine's proxy for apt, for debootstrap too.
eval "$(apt-config shell apt_proxy Acquire::http::Proxy)"
if [ -n "${apt_proxy:-}" ] && [ -z "${http_proxy:-}" ]; then export http_proxy=$apt_proxy; fi

if [ ! -e "$base" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" 'Component: main' | head -1)
  [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
  [ -n "$mirror" ] || { echo "apt on this machine has no package source; put Debian's into /etc/apt/sources.list" >&2; exit 1; }
  echo "Making a minimal Debian root ($suite with $packages)"
  rm -rf "$fresh/base"
  debootstrap --variant=minbase --include=$packages $suite "$fresh/base" "$mirror" >"$fresh/debootstrap.log" 2>&1 ||
    { tail -20 "$fresh/debootstrap.log" >&2; exit 1; }
  rm -rf "$fresh/base"/var/lib/apt/lists/* "$fresh/base"/var/cache/apt/archives/*.deb
  tar -C "$fresh/base" -cf "$base.part" . && mv "$base.part" "$base"
  rm -rf "$fresh/base"
fi

rm -rf "$root" "$fresh/tmp"
mkdir -p "$root" "$fresh/tmp"
chmod 1777 "$fresh/tmp"
tar -C "$root" -xf "$base"

# Names, package sources and keys.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
rm -f "$root/etc/apt/sources.list"
for name in sources.list sources.list.d preferences preferences.d auth.conf auth.conf.d trusted.gpg trusted.gpg.d keyrings; do
  if [ -e /etc/apt/$name ]; then cp -a /etc/apt/$name "$root/etc/apt/"; fi
done
mkdir -p "$root/usr/share/keyrings"
cp -a -n /usr/share/keyrings/. "$root/usr/share/keyrings/"
apt-config dump --no-empty --format '%F "%v";%n' Acquire >"$root/etc/apt/apt.conf.d/00machine"
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
  [ ! -e "$file" ] || install -D -m 600 "$file" "$root${file/#$HOME//root}"
done

# Proxies and mirrors. Certificates only where this machine names its own.
env | grep -iE '^(https?_proxy|no_proxy|all_proxy|pip_(index_url|extra_index_url|trusted_host|default_timeout|no_index)|goproxy|gosumdb|gonosumdb)=' \
  >"$root/etc/godwit-fresh.env" || true
bundle=${PIP_CERT:-${SSL_CERT_FILE:-${REQUESTS_CA_BUNDLE:-${CURL_CA_BUNDLE:-}}}}
if [ -n "$bundle" ] && [ -e "$bundle" ]; then
  cp -L "$bundle" "$root/etc/machine-certificates.crt"
  for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO; do
    echo "$name=/etc/machine-certificates.crt"
  done >>"$root/etc/godwit-fresh.env"
fi
echo CI=true >>"$root/etc/godwit-fresh.env"

mkdir -p "$root/src"
git clone -q --no-hardlinks . "$root/src/godwit"
: >"$fresh/times"
echo "Running in a minimal Debian root at $(git rev-parse --short HEAD), $(nproc) cores"
status=0
GODWIT_FRESH_INSIDE=yes unshare --mount --pid --fork --kill-child --propagation private "$PWD/tools/fresh_check.sh" "${targets[@]}" || status=$?
echo "=== summary"
cat "$fresh/times"
rm -rf "$root" "$fresh/tmp"
exit $status
