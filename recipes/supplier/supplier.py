#!/usr/bin/env python3
"""A supplier for Tradewind, whole and small: it "rents" processes on the machine it runs on. Copy it, and put your own supplier's
calls where this one starts processes. docs/suppliers/exec.md is the protocol; `tradewind provider test ./supplier.py` tries all of it.

What every supplier must keep, and how this one does:
- One token makes one instance, for ever. The record of a token is on disk before anything is started, and a lock that other copies
  of this program respect is held from looking to starting.
- Owner and token belong to an instance from its first moment: they are in that record.
- Instances outlive this program: each has a keeper of its own, in a session of its own, which holds a lock while it lives. A
  restart finds them by their records, and whether they live by their locks.
- Secrets go to the agent's environment by way of memory. No file, argument or log has them.
"""
import argparse
import datetime
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

REGION = "here"
TYPES = {"small": {"vcpus": 1, "memory_gib": 1}, "large": {"vcpus": 2, "memory_gib": 2}}
SPOT_PART = 0.4  # of the price, for what may be taken back
NOTICE_S = 5  # from a preemption's notice to its end
SHOWN_S = 600  # ended instances stay in lists so long
REMEMBERED_S = 30 * 86400  # and their tokens so long
PAGE = 100
TOKEN = re.compile(r"[A-Za-z0-9._-]{1,128}")
MARK = "SUPPLIER_INSTANCE"  # in the environment of all that an instance runs


class Refused(Exception):
    """An answer that is an error: a code of the protocol, what is wrong, and the cure."""

    def __init__(self, code, message, hint=""):
        super().__init__(message)
        self.body = {"code": code, "message": message, "hint": hint}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def moment_of(text):
    return datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))


def write_json(path, value):
    """Whole or not at all, also when the power fails."""
    beside = f"{path}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def end_marked(token):
    """Ends all that carries the instance's mark, however often it forked, until a look finds nothing."""
    mark = f"{MARK}={token}".encode()
    while True:
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if mark in file.read().split(b"\0"):
                        found.append(int(entry))
            except OSError:
                continue
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


class Rental:
    """The files of one instance: TOKEN.json what was asked, .state what became of it, .alive its keeper's lock, .end who wants its end."""

    def __init__(self, folder, token):
        self.token = token
        self.base = os.path.join(folder, token)
        self.record = read_json(self.base + ".json")

    def is_kept(self):
        """Whether its keeper lives: nobody else can hold that lock."""
        try:
            with open(self.base + ".alive", "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: those who look do not take each other for it
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def state(self):
        """What a list shows of it. One whose keeper is gone has ended, whatever was written last."""
        kept = self.is_kept()  # looked at first: a keeper writes its last word before it goes
        state = read_json(self.base + ".state") or {"state": "pending"}
        if not kept and state["state"] != "terminated":
            end_marked(self.token)
            shutil.rmtree(self.base + ".work", ignore_errors=True)
            state = ended("its keeper died", False)
            write_json(self.base + ".state", state)
        elif state["state"] != "terminated" and os.path.exists(self.base + ".end"):
            state = state | {"state": "stopping"}
        return state

    def ask_end(self, reason, preempted):
        """The first who asks is the reason."""
        beside = f"{self.base}.wish.{os.getpid()}"
        write_json(beside, {"reason": reason, "preempted": preempted})
        try:
            os.link(beside, self.base + ".end")
        except FileExistsError:
            pass
        os.remove(beside)

    def shown(self, state):
        record = self.record
        return {"id": self.token, "region": REGION, "owner": record["owner"], "token": self.token,
                "launched_at": record["launched_at"]} | state


def ended(reason, preempted):
    return {"state": "terminated", "terminated_at": text_of(now()), "reason": reason, "preempted": preempted}


# --- the keeper: a process for each instance, which nobody waits for ---

def keep(rental, secrets, alive):
    """Runs the agent from its start to its end, and says what became of it."""
    work = rental.base + ".work"
    record = rental.record
    try:
        os.makedirs(os.path.join(work, "scratch"), mode=0o700)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = [f"--scratch={work}/scratch", f"--notice={work}/notice", f"--limit-file={work}/limit", f"--purchase={record['purchase']}"]
        agent = subprocess.Popen(record["agent"] + own, env=kept | secrets | {MARK: rental.token}, cwd=os.path.join(work, "scratch"),
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        secrets.clear()
        write_json(rental.base + ".state", {"state": "running"})
        reason, preempted = watch(rental, agent, work)
    except Exception as problem:  # pylint: disable=broad-except
        reason, preempted = f"the instance could not begin: {problem}", False
    end_marked(rental.token)
    shutil.rmtree(work, ignore_errors=True)
    write_json(rental.base + ".state", ended(reason, preempted))
    os.close(alive)


def watch(rental, agent, work):
    """Until the agent has ended, by itself or because somebody or the hard limit wants it: the reason, and whether we took it back."""
    limit = moment_of(rental.record["hard_limit"])
    reason, preempted, kill_at = None, False, None
    while agent.poll() is None:
        if os.path.exists(work + "/limit"):  # an order to the agent moved it
            with open(work + "/limit", encoding="utf-8") as file:
                limit = max(limit, moment_of(file.read()))
        wish = None if reason else read_json(rental.base + ".end")
        if not reason and now() > limit:
            wish = {"reason": "its time was up (hard limit)", "preempted": False}
        if wish:
            reason, preempted = wish["reason"], wish["preempted"]
            kill_at = time.monotonic() + NOTICE_S
            if preempted:
                deadline = text_of(now() + datetime.timedelta(seconds=NOTICE_S - 1))
                write_json(work + "/notice", {"action": "terminate", "deadline": deadline, "reason": reason})
            else:
                agent.terminate()
        if kill_at and time.monotonic() > kill_at:
            agent.kill()
        time.sleep(0.05)
    code = agent.returncode
    return reason or ("the agent ended: " + (f"exit code {code}" if code >= 0 else f"killed by signal {-code}")), preempted


def start_keeper(rental, secrets, log):
    """In a session of its own and nobody's child, so that the end of this program is not its end."""
    alive = os.open(rental.base + ".alive", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing, said = os.open("/dev/null", os.O_RDWR), os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        for target, source in ((0, nothing), (1, said), (2, said)):
            os.dup2(source, target)
        for number in map(int, os.listdir("/proc/self/fd")):  # above all what this program is asked and answers by
            if number > 2 and number != alive:
                try:
                    os.close(number)
                except OSError:
                    pass
        keep(rental, secrets, alive)
        os._exit(0)
    os.close(alive)  # the keeper has it too, and holds it on
    os.waitpid(child, 0)


# --- the five questions ---

class Supplier:
    def __init__(self, state, price, capacity):
        self.folder = os.path.join(state, "instances")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.lock_file = os.path.join(state, "lock")
        self.log = os.path.join(state, "agents.log")
        self.price, self.capacity = price, capacity

    def capabilities(self, params):
        if params["protocol"] != 1:
            raise Refused("invalid_argument", f"this program speaks protocol 1, not {params['protocol']}")
        return {"protocol": 1, "regions": [REGION], "spot": True, "notice_lead_s": NOTICE_S, "parallel": 1, "list_delay_s": 0,
                "far": False}  # its instances see the files of the machine that asks: they run on it

    def offers(self, params):
        if params["region"] not in (None, REGION):
            return {"offers": []}
        return {"offers": [self.offer(name, purchase) for name in TYPES for purchase in ("on_demand", "spot")]}

    def offer(self, name, purchase):
        price = self.price * TYPES[name]["vcpus"] * (SPOT_PART if purchase == "spot" else 1)
        return TYPES[name] | {"region": REGION, "instance_type": name, "purchase": purchase, "cold_start_s": 1,
                              "price_per_hour": {"amount": f"{price:.6f}", "currency": "USD"}}

    def launch(self, params):
        token, asked = params["token"], params["offer"]
        if not TOKEN.fullmatch(token):
            raise Refused("invalid_argument", "the token is none of up to 128 letters, digits, '.', '_' and '-'")
        with open(self.lock_file, "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = Rental(self.folder, token)
            if known.record:
                return self.launched_before(known, params)
            sold = self.offers({"region": asked["region"]})["offers"]
            if not any(self.is_same(offer, asked) for offer in sold):
                raise Refused("invalid_argument", f"{asked['instance_type']} is not on offer", "ask for the offers again")
            if params["nodes"] != 1:
                raise Refused("invalid_argument", "an instance here is one node")
            living = [rental for rental in self.rentals() if rental.state()["state"] != "terminated"]
            if len(living) >= self.capacity:
                raise Refused("insufficient_capacity", f"all {self.capacity} places are taken")
            write_json(known.base + ".json", {
                "owner": params["owner"], "instance_type": asked["instance_type"], "purchase": asked["purchase"],
                "launched_at": text_of(now()), "hard_limit": params["hard_limit"],
                "agent": [params["agent"]["program"], *params["agent"]["arguments"]]})
            rental = Rental(self.folder, token)
            start_keeper(rental, dict(params["secrets"]), self.log)
            return rental.shown(rental.state())

    @staticmethod
    def is_same(offer, asked):
        return all(offer[name] == asked[name] for name in ("region", "instance_type", "purchase"))

    def launched_before(self, rental, params):
        same = self.is_same(rental.record | {"region": REGION}, params["offer"]) and rental.record["owner"] == params["owner"]
        if not same:
            raise Refused("invalid_argument", "the token was used for another launch", "take a new token")
        return rental.shown(rental.state())

    def instances(self, params):
        page = params["page"] or ""
        if page and not TOKEN.fullmatch(page):
            raise Refused("invalid_argument", "there is no such page")
        shown = []
        for rental in self.rentals():
            if rental.token <= page or rental.record["owner"] != params["owner"]:
                continue
            state = rental.state()
            age = (now() - moment_of(state["terminated_at"])).total_seconds() if state["state"] == "terminated" else 0
            if age > REMEMBERED_S:
                self.forget(rental)
            if age > SHOWN_S:
                continue
            if len(shown) == PAGE:
                return {"instances": shown, "next_page": shown[-1]["token"]}
            shown.append(rental.shown(state))
        return {"instances": shown, "next_page": ""}

    def terminate(self, params):
        token = params["instance"]["id"]
        rental = Rental(self.folder, token) if TOKEN.fullmatch(token) else None
        if rental is None or rental.record is None:
            return {"state": "done"}  # gone is gone
        rental.ask_end("terminated on request", False)
        return {"state": "done" if rental.state()["state"] == "terminated" else "in_progress"}

    def rentals(self):
        names = sorted(name[:-len(".json")] for name in os.listdir(self.folder) if name.endswith(".json"))
        return [rental for rental in (Rental(self.folder, name) for name in names) if rental.record]

    def forget(self, rental):
        for ending in (".end", ".alive", ".state", ".json"):
            if os.path.exists(rental.base + ending):
                os.remove(rental.base + ending)

    def answer(self, request):
        methods = {"capabilities": self.capabilities, "offers": self.offers, "launch": self.launch,
                   "instances": self.instances, "terminate": self.terminate}
        try:
            if request["method"] not in methods:
                raise Refused("invalid_argument", f"there is no method {request['method']}")
            return {"id": request["id"], "result": methods[request["method"]](request["params"])}
        except Refused as refused:
            return {"id": request["id"], "error": refused.body}
        except Exception as problem:  # pylint: disable=broad-except
            traceback.print_exc()  # stderr is for people, and goes to Tradewind's log
            return {"id": request["id"], "error": {"code": "internal", "message": f"{type(problem).__name__}: {problem}"}}


def main():
    parser = argparse.ArgumentParser(description="rents processes on this machine; without a word it answers Tradewind on stdin")
    parser.add_argument("--state", default=os.environ.get("TRADEWIND_SUPPLIER_STATE"), help="a folder for what it remembers")
    parser.add_argument("--price", type=float, default=0.0, help="dollars an hour of a CPU")
    parser.add_argument("--capacity", type=int, default=4, help="instances at once")
    parser.add_argument("word", nargs="?", choices=["preempt"], help="take an instance back, with notice")
    parser.add_argument("token", nargs="?")
    options = parser.parse_args()
    if not options.state:
        parser.error("--state, or TRADEWIND_SUPPLIER_STATE, must name a folder")
    supplier = Supplier(options.state, options.price, options.capacity)
    if options.word == "preempt":
        rental = Rental(supplier.folder, options.token or "")
        if not rental.record:
            parser.error(f"there is no instance {options.token}")
        rental.ask_end("taken back by its owner", True)
        return
    for line in sys.stdin:  # its end is ours: Tradewind has gone
        print(json.dumps(supplier.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
