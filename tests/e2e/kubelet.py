"""The node of a test's Kubernetes cluster (tests/doubles/kubernetes.sh): it runs the containers of pods as processes of this
machine, each pod in a folder of its own in place of its volumes; a claimed volume is one folder for all. It is the cluster's DNS, too."""
import base64
import contextlib
import http.client
import json
import os
import re
import signal
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import rig

VOLUMES = re.compile(r"(?<![/\w])/tradewind(-private|-secrets|-shared)?(?=[/'\"]|$)")
POD_NAMES = re.compile(r"\b(tw-[a-z0-9-]+)-\d+\.\1\b")  # of a Job's pods, by its Service


class Cluster:
    """Its API, as the administrator."""

    def __init__(self, kubeconfig):
        self.folder = os.path.dirname(kubeconfig)
        with open(kubeconfig, encoding="utf-8") as file:
            self.server = re.search(r'server: "([^"]+)"', file.read()).group(1)
        self.tls = ssl.create_default_context(cafile=os.path.join(self.folder, "ca.pem"))
        self.tls.load_cert_chain(os.path.join(self.folder, "admin.pem"), os.path.join(self.folder, "admin.key"))

    def ask(self, method, path, body=None, kind="application/json"):
        """Waits for an API server that is away."""
        until = time.monotonic() + 120
        while True:
            request = urllib.request.Request(self.server + path, method=method, data=json.dumps(body).encode() if body else None,
                                             headers={"Content-Type": kind})
            try:
                with urllib.request.urlopen(request, context=self.tls, timeout=30) as answer:
                    return json.load(answer)
            except (OSError, http.client.HTTPException) as error:
                if getattr(error, "code", 500) < 500 or time.monotonic() > until:
                    raise
            time.sleep(0.2)

    def take_away(self):
        """Its API server, until bring_back."""
        with open(os.path.join(self.folder, "apiserver.away"), "w", encoding="utf-8"):
            pass
        with open(os.path.join(self.folder, "apiserver.pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)

    def bring_back(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.folder, "apiserver.away"))

    def merge(self, path, body):
        return self.ask("PATCH", path, body, "application/merge-patch+json")

    def items(self, path):
        return self.ask("GET", path)["items"]


class Kubelet:
    def __init__(self, test, cluster, namespace="tradewind"):
        self.cluster = cluster
        self.core = f"/api/v1/namespaces/{namespace}/"
        self.folder = tempfile.mkdtemp(prefix="tradewind-kubelet-")
        self.stopping = threading.Event()
        self.pods = {}  # name: its thread
        self.sessions = {}  # name: that of its container
        self.shared = os.path.join(self.folder, "shared")  # the claimed volume
        os.mkdir(self.shared)
        self.make_node()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        test.addCleanup(self.stop)

    def make_node(self):
        amounts = {"cpu": "64", "memory": "256Gi", "pods": "500"}
        self.cluster.ask("POST", "/api/v1/nodes", {"metadata": {"name": "node-1"}})
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now, "lastTransitionTime": now}
        self.cluster.merge("/api/v1/nodes/node-1/status", {"status": {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}})
        self.cluster.merge("/api/v1/nodes/node-1", {"spec": {"taints": None}})

    def stop(self):
        self.stopping.set()
        self.thread.join()
        for thread in self.pods.values():
            thread.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def watch(self):
        while not self.stopping.wait(0.1):
            for pod in self.cluster.items(self.core + "pods"):
                name = pod["metadata"]["name"]
                ended = pod["status"].get("phase") in ("Succeeded", "Failed")  # those of an earlier test
                if pod["spec"].get("nodeName") and name not in self.pods and not ended:
                    self.pods[name] = threading.Thread(target=self.live, args=(pod,))
                    self.pods[name].start()

    def say(self, name, phase, state):
        container = {"name": "agent", "image": "none", "imageID": "", "ready": phase == "Running", "restartCount": 0, "state": state}
        self.cluster.merge(f"{self.core}pods/{name}/status", {"status": {"phase": phase, "containerStatuses": [container]}})

    def start(self, pod, container, folder, **streams):
        def place(found):
            return self.shared if found.group(1) == "-shared" else os.path.join(folder, (found.group(1) or "-work")[1:])
        command = [POD_NAMES.sub("127.0.0.1", VOLUMES.sub(place, word)) for word in container["command"]]
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        for each in container.get("env", []):
            field = re.match(r"metadata\.(\w+)\['(.+)'\]", each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", ""))
            environment[each["name"]] = pod["metadata"][field.group(1)][field.group(2)] if field else each.get("value", "")
        return subprocess.Popen(command, env=environment, cwd=os.path.join(folder, "work"), start_new_session=True, **streams)

    def bring_secrets(self, pod, folder):
        for volume in pod["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", []):
                secret = self.cluster.ask("GET", f"{self.core}secrets/{source['secret']['name']}")
                for key, value in secret["data"].items():
                    with open(os.path.join(folder, "secrets", key), "wb") as file:
                        file.write(base64.b64decode(value))

    def live(self, pod):
        name = pod["metadata"]["name"]
        folder = os.path.join(self.folder, name)
        for each in ("work", "private", "secrets"):
            os.makedirs(os.path.join(folder, each))
        self.bring_secrets(pod, folder)
        with open(os.path.join(folder, "log"), "wb") as log:
            if self.start(pod, pod["spec"]["initContainers"][0], folder, stdout=log, stderr=log).wait() != 0:
                return self.say(name, "Failed", {"terminated": {"exitCode": 1, "reason": "Error"}})
            process = self.start(pod, pod["spec"]["containers"][0], folder, stdout=log, stderr=log)
            self.sessions[name] = process.pid
            self.say(name, "Running", {"running": {}})
            told = self.attend(name, process, pod["spec"]["terminationGracePeriodSeconds"])
        self.end_session(process.pid)
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        self.say(name, "Succeeded" if code == 0 else "Failed", {"terminated": {"exitCode": code}})
        with contextlib.suppress(urllib.error.HTTPError):  # it may have been told as it ended, and be gone by now
            if told or self.cluster.ask("GET", f"{self.core}pods/{name}")["metadata"].get("deletionTimestamp"):
                self.cluster.ask("DELETE", f"{self.core}pods/{name}", {"gracePeriodSeconds": 0})

    def attend(self, name, process, grace):
        """Until it has ended. Whether it was told to."""
        told = None
        while process.poll() is None:
            time.sleep(0.1)
            if self.stopping.is_set():
                self.end_session(process.pid)
            elif told is None:
                if self.cluster.ask("GET", f"{self.core}pods/{name}")["metadata"].get("deletionTimestamp"):
                    told = time.monotonic()
                    os.kill(process.pid, signal.SIGTERM)
            elif time.monotonic() - told > grace:
                self.end_session(process.pid)
        return told is not None

    @staticmethod
    def end_session(session):
        """What the end of a container's first process does to all others in it."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.getsid(int(entry)) == session:
                    os.kill(int(entry), signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass

    def log_of(self, name):
        with open(os.path.join(self.folder, name, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self, name):
        """All in its container, as a machine that breaks."""
        self.end_session(self.sessions[name])

    def evict(self, name):
        self.cluster.ask("POST", f"{self.core}pods/{name}/eviction",
                         {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})

    def running(self):
        return [pod["metadata"]["name"] for pod in self.cluster.items(self.core + "pods")
                if pod["status"].get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")]


def write_clusters(home, kubeconfig, **more):
    extra = "".join(f"    {name}: {value}\n" for name, value in more.items())
    with open(home.file("config", "kubernetes.yaml"), "w", encoding="utf-8") as file:
        file.write(f"""
clusters:
  - name: lab
    kubeconfig: {kubeconfig}
    agent: {{path: {os.path.join(rig.BIN, "tradewind-agent")}}}
    store_secret: stores
{extra}    pools: [{{name: small, cpus: 1, memory_gib: 1, price_per_hour: 0.02}}]
""")
