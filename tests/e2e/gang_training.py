"""A training on several nodes by a TCP all-reduce, for tests: what it ends with does not depend on where it was interrupted."""
import hashlib
import math

SIZE = 8
# Each rank keeps a shard of its own; a step's state counts once all have written theirs.
PROGRAM = '''
import fcntl, hashlib, json, math, os, shutil, socket, struct, sys, time
SIZE, SAVE_EVERY = %d, 5
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
steps, shared = int(sys.argv[1]), sys.argv[2]
state = os.environ["TRADEWIND_CHECKPOINT_DIR"]
lock = open(os.path.join(shared, "running-%%s-%%d" %% (os.environ["TRADEWIND_JOB_ID"], rank)), "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("rank", rank, "runs twice", flush=True)
    sys.exit(9)

class Peers:
    """Sums over all ranks, in the order of their numbers, at the first."""
    def __init__(self):
        address = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        self.others = {}
        if rank == 0:
            listener = socket.create_server(address, backlog=world)
            listener.settimeout(60)
            while len(self.others) < world - 1:
                peer = listener.accept()[0]
                self.others[struct.unpack("i", self.read(peer, 4))[0]] = peer
            return
        until = time.monotonic() + 60
        while True:
            try:
                self.head = socket.create_connection(address, timeout=60)
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        self.head.sendall(struct.pack("i", rank))
    def read(self, peer, count):
        data = b""
        while len(data) < count:
            more = peer.recv(count - len(data))
            if not more:
                raise SystemExit("a peer is gone")
            data += more
        return data
    def sum(self, values):
        form = "%%dd" %% len(values)
        if rank != 0:
            self.head.sendall(struct.pack(form, *values))
            return list(struct.unpack(form, self.read(self.head, struct.calcsize(form))))
        total = list(values)
        for other in sorted(self.others):
            theirs = struct.unpack(form, self.read(self.others[other], struct.calcsize(form)))
            total = [a + b for a, b in zip(total, theirs)]
        for peer in self.others.values():
            peer.sendall(struct.pack(form, *total))
        return total

def say(**line):
    with open(os.environ["TRADEWIND_PROGRESS"], "a") as file:
        file.write(json.dumps(line) + "\\n")

def save(step):
    folder = os.path.join(state, "step-%%d" %% step)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "rank-%%d" %% rank), "w") as file:
        json.dump([step, [w.hex() for w in weights], [m.hex() for m in moments]], file)
    peers.sum([0.0])  # all have written
    if rank == 0:
        with open(os.path.join(state, "newest.tmp"), "w") as file:
            file.write("step-%%d" %% step)
        os.rename(os.path.join(state, "newest.tmp"), os.path.join(state, "newest"))
        say(checkpoint="saved", step=step)
        shutil.rmtree(os.path.join(state, "step-%%d" %% (step - 3 * SAVE_EVERY)), ignore_errors=True)

weights, moments, step = [1.0] * SIZE, [0.0] * SIZE, 0
if os.path.exists(os.path.join(state, "newest")):
    with open(os.path.join(state, "newest")) as file:
        name = file.read()
    with open(os.path.join(state, name, "rank-%%d" %% rank)) as file:
        step, w, m = json.load(file)
    weights, moments = [float.fromhex(x) for x in w], [float.fromhex(x) for x in m]
print("rank", rank, "begins at step", step, flush=True)
peers = Peers()
if peers.sum([float(step)])[0] != world * step:
    sys.exit("the ranks are not at the same step")
while step < steps:
    step += 1
    own = [math.sin(step * 7 + rank * 13 + i) * weights[i] for i in range(SIZE)]
    moments = [0.9 * m + g for m, g in zip(moments, own)]  # each rank's own
    weights = [w - 0.01 * g for w, g in zip(weights, peers.sum(moments))]
    if rank == 0:
        print("step", step, flush=True)
        say(step=step, total=steps)
    if step %% SAVE_EVERY == 0:
        save(step)
    time.sleep(0.15)
print("weights", hashlib.sha256(" ".join(w.hex() for w in weights).encode()).hexdigest(), flush=True)
''' % SIZE


def write_program(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(PROGRAM)


def task(program, shared, steps, restarts=0, infra="slurm/tw/batch"):
    return (f"name: gang\nnum_nodes: 2\nresources: {{infra: {infra}, job_recovery: {{max_restarts_on_errors: {restarts}}}}}\n"
            f"checkpoint: {{path: state, interval: 1h}}\nfile_mounts: {{gang.py: {program}}}\n"
            f"run: exec /usr/bin/python3 gang.py {steps} {shared}\n")


def weights(steps, world=2):
    """What an undisturbed run ends with."""
    values, moments = [1.0] * SIZE, [[0.0] * SIZE for _ in range(world)]
    for step in range(1, steps + 1):
        for rank in range(world):
            own = [math.sin(step * 7 + rank * 13 + i) * values[i] for i in range(SIZE)]
            moments[rank] = [0.9 * m + g for m, g in zip(moments[rank], own)]
        total = moments[0]
        for other in moments[1:]:
            total = [a + b for a, b in zip(total, other)]
        values = [w - 0.01 * g for w, g in zip(values, total)]
    return hashlib.sha256(" ".join(w.hex() for w in values).encode()).hexdigest()
