#!/usr/bin/env bash
# Stop what up.sh started, by pid file only. --purge also removes its state and configuration.
set -uo pipefail
state=${SLURM_STATE:-/var/tmp/tumint-slurm}
stop() {
  local file=$1 pid
  [ -s "$file" ] || return 0
  pid=$(cat "$file")
  kill "$pid" 2>/dev/null
  for _ in $(seq 75); do
    kill -0 "$pid" 2>/dev/null || { rm -f "$file"; return 0; }
    sleep 0.2
  done
  kill -9 "$pid" 2>/dev/null
  rm -f "$file"
}
# jobs of a Slurm that was started here, and of no other
[ -s "$state/run/slurmctld.pid" ] && timeout 10 scancel --user="$(id -un)" 2>/dev/null && sleep 0.5
for daemon in slurmd slurmctld slurmdbd mysqld munged; do stop "$state/run/$daemon.pid"; done
[ "${1:-}" = --purge ] && rm -rf "$state" /etc/slurm/slurm.conf /etc/slurm/slurmdbd.conf /etc/slurm/cgroup.conf
echo "slurm down: done"
