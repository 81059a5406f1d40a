#!/usr/bin/env bash
# A one-node Slurm (Debian's packages) on the loopback address, for tests: munge, MariaDB, slurmdbd, slurmctld, slurmd,
# without systemd. Idempotent; `down.sh` stops what this started.
#   SLURM_CPUS, SLURM_MEM_MB      size the node claims (more than a small machine has, on purpose)
#   SLURM_STATE                   folder of logs, pid files and state
#   SLURM_ACCOUNT                 account that jobs are charged to
set -euo pipefail
cpus=${SLURM_CPUS:-8}
memory=${SLURM_MEM_MB:-24000}
state=${SLURM_STATE:-/var/tmp/tumint-slurm}
account=${SLURM_ACCOUNT:-tumour}
db_port=33306
host=$(hostname -s)

[ "$(id -u)" = 0 ] || { echo "slurm up: must be root" >&2; exit 2; }
say() { echo "slurm up [${SECONDS}s] $*"; }
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
wait_for() { # seconds, what, command...
  local seconds=$1 what=$2
  shift 2
  for _ in $(seq $((seconds * 5))); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
  echo "slurm up: timed out waiting for $what" >&2
  tail -n 20 "$state"/log/*.log >&2 || true
  return 1
}

# packages
missing=()
for package in slurmctld slurmd slurm-client munge slurmdbd mariadb-server; do
  dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  say "installed ${missing[*]}"
fi
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >>/etc/hosts

# folders, configuration
mkdir -p "$state"/{log,run,ctld,slurmd,mysql}
chmod 755 "$state" "$state"/log "$state"/run
chown slurm: "$state"/ctld "$state"/log "$state"/run
chown mysql: "$state"/mysql
if [ ! -s /etc/munge/munge.key ]; then
  dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
  chown munge: /etc/munge/munge.key
  chmod 400 /etc/munge/munge.key
fi
install -d -o munge -g munge -m 0755 /run/munge /var/log/munge
install -d -o munge -g munge -m 0711 /var/lib/munge
cat >"$state/slurm.conf.new" <<CONF
ClusterName=tumint
SlurmctldHost=$host(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
CredType=cred/munge
MpiDefault=none
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStorageEnforce=associations
SlurmctldPidFile=$state/run/slurmctld.pid
SlurmdPidFile=$state/run/slurmd.pid
SlurmctldLogFile=$state/log/slurmctld.log
SlurmdLogFile=$state/log/slurmd.log
SlurmctldDebug=info
SlurmdDebug=info
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/slurmd
KillWait=2
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,bf_interval=2,sched_interval=5,max_rpc_cnt=0
DefMemPerCPU=500
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=short Nodes=$host Default=YES MaxTime=12:00:00 DefaultTime=00:05:00 State=UP
CONF
changed=no
if ! cmp -s "$state/slurm.conf.new" /etc/slurm/slurm.conf; then
  install -D -m 644 "$state/slurm.conf.new" /etc/slurm/slurm.conf
  changed=yes
fi
printf 'CgroupAutomount=no\n' >/etc/slurm/cgroup.conf

# munge
if ! munge -n >/dev/null 2>&1; then
  rm -f /run/munge/munge.socket.2
  runuser -u munge -- /usr/sbin/munged --force
  cp /run/munge/munged.pid "$state/run/munged.pid" # only a munge that was started here is stopped by down.sh
  wait_for 10 munged sh -c 'munge -n | unmunge'
fi

# MariaDB and slurmdbd
if ! alive "$state/run/mysqld.pid"; then
  [ -d "$state/mysql/mysql" ] || mariadb-install-db --no-defaults --user=mysql --datadir="$state/mysql" \
    --auth-root-authentication-method=socket --skip-test-db >"$state/log/mariadb_install.log" 2>&1
  install -d -o mysql "$state/run/my"
  setsid mariadbd --no-defaults --user=mysql --datadir="$state/mysql" --socket="$state/run/my/mysqld.sock" \
    --pid-file="$state/run/my/mysqld.pid" --bind-address=127.0.0.1 --port=$db_port --skip-log-bin \
    --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 \
    >"$state/log/mariadb.log" 2>&1 </dev/null &
  echo $! >"$state/run/mysqld.pid"
  wait_for 30 mariadb mariadb-admin --no-defaults -S "$state/run/my/mysqld.sock" ping
  mariadb --no-defaults -S "$state/run/my/mysqld.sock" -e "CREATE DATABASE IF NOT EXISTS slurm_acct_db;
    CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY 'slurm';
    CREATE USER IF NOT EXISTS 'slurm'@'localhost' IDENTIFIED BY 'slurm';
    GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1'; GRANT ALL ON slurm_acct_db.* TO 'slurm'@'localhost';"
fi
cat >/etc/slurm/slurmdbd.conf <<CONF
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=slurm
LogFile=$state/log/slurmdbd.log
PidFile=$state/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$db_port
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
chown slurm: /etc/slurm/slurmdbd.conf
chmod 600 /etc/slurm/slurmdbd.conf # slurmdbd refuses anything else
if ! alive "$state/run/slurmdbd.pid"; then
  slurmdbd </dev/null
  wait_for 40 slurmdbd sacctmgr -n list cluster
fi
# cluster, account and user must exist before slurmctld starts (Enforce=associations)
known() { sacctmgr -n list "$@" | grep -q .; }
known cluster tumint || sacctmgr -i add cluster tumint >/dev/null
known account "$account" || sacctmgr -i add account "$account" Cluster=tumint >/dev/null
known assoc user=root account="$account" ||
  sacctmgr -i add user root Account="$account" DefaultAccount="$account" >/dev/null

# slurmctld and slurmd; both again where the configuration changed under them
for daemon in slurmctld slurmd; do
  if [ $changed = yes ] && alive "$state/run/$daemon.pid"; then
    kill "$(cat "$state/run/$daemon.pid")"
    for _ in $(seq 50); do alive "$state/run/$daemon.pid" || break; sleep 0.2; done
  fi
done
alive "$state/run/slurmctld.pid" || slurmctld </dev/null
wait_for 20 slurmctld scontrol ping
alive "$state/run/slurmd.pid" || slurmd </dev/null
node_ok() { sinfo -h -n "$host" -o %T | grep -qE '^(idle|mixed|allocated)$'; }
wait_for 15 node node_ok || { scontrol update NodeName="$host" State=RESUME && wait_for 10 node node_ok; }
srun -A "$account" -t 1 --mem=10 true # one real job, or fail here
say "ready: $(sinfo -h -o '%P %a %D %T' | tr '\n' ';') account $account"
