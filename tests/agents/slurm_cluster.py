"""A real Slurm of a few nodes on this machine, with a munge of its own: Debian's packages."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

import pytest

from tests.agents.ports import free_ports

DAEMONS = ("munged", "slurmctld", "slurmd")
CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=1
KillWait=5
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1
PartitionName=tests Nodes=ALL Default=YES State=UP
"""


class SlurmCluster:
    """A running Slurm, whose commands find it by the environment's ``SLURM_CONF``.

    :param nodes: Names of its nodes; each takes one job at a time
    """

    def __init__(self, folder: Path, nodes: tuple[str, ...]) -> None:
        self.folder, self.nodes = folder, nodes
        self.processes: list[subprocess.Popen[bytes]] = []
        ports = free_ports(1 + len(nodes))
        host = socket.gethostname().partition(".")[0]
        text = CONFIGURATION.format(host=host, port=ports[0], folder=folder, user=getuser())
        for node, port in zip(nodes, ports[1:], strict=True):
            (folder / node).mkdir()
            where = f"NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            text += f"NodeName={node} {where} CPUs=1 State=UNKNOWN\n"
        (folder / "state").mkdir()
        self.file = folder / "slurm.conf"
        self.file.write_text(text)
        (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def start(self) -> None:
        """Start its processes, and wait until the nodes take jobs."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(64))
        key.chmod(0o600)
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        files = [f"--{flag}={self.folder}/munge.{name}" for flag, name in names.items()]
        seed = f"--seed-file={self.folder}/munge.seed"
        self._start("munged", "--foreground", "--force", *files, seed)
        self._start("slurmctld", "-D", "-i", "-f", str(self.file))
        for node in self.nodes:
            self._start("slurmd", "-D", "-N", node, "-f", str(self.file))
        deadline = time.monotonic() + 60
        while slurm("sinfo", "--noheader", "--format=%T").split() != ["idle"]:
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.2)

    def stop(self) -> None:
        """End its processes, those of jobs among them."""
        subprocess.run(["scancel", f"--user={os.getuid()}"], check=False, capture_output=True)
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)

    def logs(self) -> str:
        """Return the ends of its logs."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in logs)

    def _start(self, *command: str) -> None:
        with (self.folder / "processes.log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))


@contextmanager
def slurm_cluster(*nodes: str) -> Iterator[SlurmCluster]:
    """Run a Slurm while the context lasts; skip the test where it is not installed.

    :param nodes: Names of its nodes; each takes one job at a time
    """
    if "CI" not in os.environ and not all(map(shutil.which, DAEMONS)):
        pytest.skip("Slurm is not installed: apt-get install slurm-wlm munge")
    # The path of a socket is to be short.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = SlurmCluster(folder, nodes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(cluster.file))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
            shutil.rmtree(folder)


def slurm(*command: str) -> str:
    """Run one of Slurm's commands and return what it prints."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else done.stderr
