"""Hosts of one's own for end-to-end tests: a real sshd on loopback for each, with keys, a folder and a port of its own."""
import getpass
import os
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def program(name):
    for folder in ("/usr/sbin", "/usr/local/sbin", "/usr/bin"):
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    raise AssertionError(f"{name} is not installed: packaging/deps.sh test")


def yaml_item(fields):
    return "  - {" + ", ".join(f'{key}: "{value}"' if isinstance(value, str) else f"{key}: {value}"
                               for key, value in fields.items()) + "}\n"


class Host:
    """An sshd that lets in whoever runs the test. `folder`: what Tradewind may use there."""

    def __init__(self, test, name, path="/usr/local/bin:/usr/bin:/bin"):
        self.name = name
        self.root = tempfile.mkdtemp(prefix=f"host {name} ")
        self.folder = os.path.join(self.root, "far side")
        self.port = free_port()
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for key in ("host_key", "user_key"):
            subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", self.file(key)], check=True)
        with open(self.file("host_key.pub"), encoding="utf-8") as key, open(self.file("known_hosts"), "w", encoding="utf-8") as known:
            known.write(f"[127.0.0.1]:{self.port} {key.read()}")
        with open(self.file("sshd_config"), "w", encoding="utf-8") as config:
            config.write(f'ListenAddress 127.0.0.1\nPort {self.port}\nHostKey "{self.file("host_key")}"\nPidFile none\n'
                         f'AuthorizedKeysFile "{self.file("user_key.pub")}"\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n'
                         "KbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 200\n"
                         # bash takes it for a shell below another, and reads no ~/.bashrc
                         f'SetEnv SHLVL=2 "PATH={path}" "TRADEWIND_HOME={self.own_home()}"\n')
        self.sshd = None
        self.start()
        test.addCleanup(self.stop)

    def file(self, name):
        return os.path.join(self.root, name)

    def own_home(self):
        """The TRADEWIND_HOME of whoever logs in there."""
        return self.file("own home")

    def start(self):
        self.sshd = subprocess.Popen([program("sshd"), "-D", "-f", self.file("sshd_config"), "-E", self.file("log")],
                                     env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, start_new_session=True)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("sshd did not come up")

    def cut(self):
        """The link is gone: sessions die, and nobody listens. What runs on the host runs on."""
        children = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    parent = int(file.read().rsplit(b")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
        gone = [self.sshd.pid]
        for pid in gone:
            gone += children.get(pid, [])
        for pid in gone:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.sshd.wait()

    def entry(self, **more):
        """Its item of ssh.yaml."""
        fields = {"name": self.name, "host": "127.0.0.1", "user": getpass.getuser(), "port": self.port,
                  "identity": self.file("user_key"), "known_hosts": self.file("known_hosts"), "folder": self.folder,
                  "claims": self.file("claims")} | more
        return yaml_item(fields)

    def left(self):
        """All that Tradewind has on the host."""
        found = []
        for folder, _, files in os.walk(self.folder):
            found += [os.path.join(folder, name) for name in files]
        return found

    def stop(self):
        self.cut()
        subprocess.run(["rm", "-rf", self.root], check=False)


def write_hosts(home, *hosts, **more):
    with open(home.file("config", "ssh.yaml"), "w", encoding="utf-8") as file:
        file.write("hosts:\n" + "".join(host.entry(**more) for host in hosts))


class FarHost:
    """One of tests/doubles/ssh_namespaces.sh: in namespaces of its own, whose link can be cut and which can die whole."""

    FOLDER = os.environ.get("TRADEWIND_TEST_SSH", "")

    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(self.FOLDER, name, "far side")

    def file(self, name):
        return os.path.join(self.FOLDER, self.name, name)

    def control(self, what):
        subprocess.run([os.path.join(self.FOLDER, "control"), self.name, what], check=True, timeout=60)

    def entry(self, **more):
        with open(self.file("address"), encoding="utf-8") as file:
            address = file.read().strip()
        key = "own_key" if os.access(self.file("own_key"), os.R_OK) else "user_key"  # ssh wants one's own to be private
        fields = {"name": self.name, "host": address, "user": "root", "identity": self.file(key),
                  "known_hosts": self.file("known_hosts"), "folder": self.folder, "claims": self.file("claims")} | more
        return yaml_item(fields)
