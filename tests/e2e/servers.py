"""Real Redis and PostgreSQL servers on loopback and free ports, stopped by their own pid."""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

from harness import until


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Redis:
    """A server without persistence; None of `find` where none is installed."""

    @staticmethod
    def find():
        return Redis() if shutil.which("redis-server") else None

    def __init__(self):
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("redis listens", lambda: listens(self.port), 30)

    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Postgres:
    """A cluster in a directory of its own, as the user postgres where this one is root."""

    @staticmethod
    def find():
        """One that runs; None, having said why, where none can."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            print("     skipped: no PostgreSQL server here")
        elif os.geteuid() == 0 and not os.stat("/").st_mode & stat.S_IXOTH:
            print("     skipped: the root directory lets in nobody but root, who may not run PostgreSQL")
        else:
            return Postgres(pathlib.Path(found[-1]).parent)
        return None

    def __init__(self, programs):
        self.programs, self.port = programs, free_port()
        self.root = tempfile.mkdtemp(prefix="troupe-pg-")
        self.user = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.root, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        subprocess.run([self.programs / "initdb", "-D", f"{self.root}/data", "-U", "troupe", "-A", "trust",
                        "--no-sync", "-E", "UTF8", "--locale=C"], check=True, stdout=subprocess.DEVNULL,
                       cwd=self.root, **self.user)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", f"{self.root}/data", "-p", str(self.port), "-h", "127.0.0.1",
             "-k", self.root], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.root, **self.user)
        until("postgresql listens", lambda: listens(self.port), 60)

    def url(self):
        return f"postgresql://troupe@127.0.0.1:{self.port}/postgres"

    def kill(self):
        """All of its processes at once, without a checkpoint."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def processes(self):
        """The server and those that serve its connections."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def freeze(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.processes()):
            os.kill(pid, signal.SIGCONT)

    def clean(self):
        if self.process.poll() is None:
            self.thaw()
            self.kill()
        shutil.rmtree(self.root, ignore_errors=True)
