#!/usr/bin/env bash
# The image tumint:VERSION, from recipes/Dockerfile and requirements.lock: `make container [BASE=image|debian]`.
#
# Whichever of docker, podman and buildah works here builds it. BASE=debian takes no image from a registry: debootstrap
# makes a Debian 12 root with its Python 3.11 (as root, from the Debian packages alone). Then the image is tried: the demo
# cohort from raw tables to its reports, by the commands that a user gives.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/tumint/__init__.py)
image=tumint:$version base=${BASE:-} work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

if docker info >/dev/null 2>&1; then engine=docker
elif podman info >/dev/null 2>&1; then engine=podman
elif command -v buildah >/dev/null; then engine=buildah
else
  echo "container: expected docker, podman or buildah that works here, found none; on Debian: apt-get install buildah" >&2
  exit 2
fi

# what builds without a daemon and without rights of its own needs a file system that copies, and no new namespaces
plain=(--storage-driver vfs) isolated=()
if [ "$engine" = buildah ]; then isolated=(--isolation chroot); fi

if [ "$base" = debian ]; then
  command -v debootstrap >/dev/null || { echo "container: BASE=debian needs debootstrap: apt-get install debootstrap" >&2; exit 2; }
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/root" >"$work/debootstrap.log" \
    || { tail -n 5 "$work/debootstrap.log" >&2; exit 1; }
  tar -C "$work/root" --exclude=./proc --exclude=./sys --exclude=./dev -cf "$work/root.tar" .
  base=localhost/debian-python:12
  if [ "$engine" = buildah ]; then
    from=$(buildah "${plain[@]}" from scratch)
    buildah "${plain[@]}" add --quiet "$from" "$work/root.tar" / >/dev/null
    buildah "${plain[@]}" commit --quiet --rm "$from" "$base" >/dev/null
  else
    "$engine" import "$work/root.tar" "$base" >/dev/null
  fi
  rm -rf --one-file-system "$work/root" "$work/root.tar"
fi

args=(-f recipes/Dockerfile -t "$image")
[ -z "$base" ] || args+=(--build-arg "BASE=$base")
# the certificates of this machine, for networks that bring their own
certificates=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
case $engine in
  docker) docker build "${args[@]}" . ;;
  podman) podman build "${certificates[@]}" "${args[@]}" . ;;
  buildah) buildah "${plain[@]}" build "${isolated[@]}" "${certificates[@]}" "${args[@]}" . ;;
esac

mkdir "$work/demo"
inside() { # a verb of tumint, in the image
  if [ "$engine" = buildah ]; then
    buildah "${plain[@]}" run "${isolated[@]}" --volume "$work/demo:/work" "$tried" -- tumint "$@"
  else
    "$engine" run --rm --volume "$work/demo:/work" "$image" "$@"
  fi
}
if [ "$engine" = buildah ]; then tried=$(buildah "${plain[@]}" from --pull-never "$image"); fi
inside --version
inside simulate data
inside run data/config.yaml
test -s "$work/demo/results/simulated_lung/reports/index.html"
if [ "$engine" = buildah ]; then buildah "${plain[@]}" rm "$tried" >/dev/null; fi
echo "container: $image is built by $engine, and took the simulated demo to its reports"
