"""Three pointsmands on one log of three NATS servers, under load. All six are killed and frozen at random. Afterwards
every acknowledged feedback is there once, and the three have the same state. A fourth replica that starts with an empty
folder gets that state too.

usage: [POINTSMAN_FAULTS=N] [POINTSMAN_SEED=N] replicas_test.py --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed, 77 skipped: nats-server is missing.
"""
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "deploy"))
sys.path.insert(0, str(HERE))
from common import Failed, check, run_test  # noqa: E402
from processes import Replica, free_ports, nats_servers, reason_of  # noqa: E402

FAULTS = int(os.environ.get("POINTSMAN_FAULTS", "20"))
SEED = int(os.environ.get("POINTSMAN_SEED", "1"))
WRITERS = 4
SETTLE_S = 90
ARMS = [{"name": "a", "status": "ACTIVE"}, {"name": "b", "status": "ACTIVE"}, {"name": "c", "status": "ACTIVE"}]


class Load:
    """Clients that route at one replica and send the feedback to another, until it is acknowledged."""

    def __init__(self, replicas, seed):
        self.replicas = replicas
        self.is_over = threading.Event()
        self.acknowledged = {}  # decision id: quality
        self.refused = []
        self.routed = self.retries = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(random.Random(seed + i),)) for i in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def _run(self, rng):
        while not self.is_over.is_set():
            answer = rng.choice(self.replicas).call("Router/Route", {"query": f"question {rng.randrange(50)}"}, 3)
            if not answer or "decisionId" not in answer:
                time.sleep(0.02)
                continue
            with self.lock:
                self.routed += 1
            self._rate(rng, answer["decisionId"], round(rng.random(), 3))

    def _rate(self, rng, decision, quality):
        # As a client package does: the same again, to any replica, until it is acknowledged or refused for good.
        request = {"decisionId": decision, "feedbackId": f"f-{decision}", "quality": quality, "latencyMs": 100}
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end:
            answer = rng.choice(self.replicas).call("Router/Feedback", request, 8)
            if answer and "result" in answer:
                with self.lock:
                    self.acknowledged[decision] = quality
                return
            if answer and reason_of(answer) not in ("unavailable", "resource_exhausted", "deadline_exceeded", ""):
                with self.lock:
                    self.refused.append((decision, answer))
                return
            with self.lock:
                self.retries += 1
            time.sleep(0.1)

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def state_of(replica):
    answer = replica.call("Admin/GetStats", {"pool": "default", "withChecksum": True})
    if not answer or "stateChecksum" not in answer:
        return None
    outcomes = sum(int(arm.get("outcomes", 0)) for arm in answer.get("arms", []))
    return answer.get("snapshotVersion"), answer["stateChecksum"], outcomes


def same_state(replicas):
    """The state that all have, once nothing changes any more."""
    end = time.monotonic() + SETTLE_S
    states = []
    while time.monotonic() < end:
        states = [state_of(replica) for replica in replicas]
        if None not in states and len(set(states)) == 1:
            time.sleep(1)
            if [state_of(replica) for replica in replicas] == states:
                return states[0]
        time.sleep(0.3)
    raise Failed(f"the replicas end with the same state; got {states}\n" + "\n".join(one.tail() for one in replicas))


def fault(rng, servers, replicas):
    """Kills or freezes one of them for a while. Never two NATS servers at once: two of three are a quorum."""
    one = rng.choice(servers + replicas)
    if rng.random() < 0.6:
        one.kill()
        time.sleep(rng.uniform(0.1, 1.5))
        one.start()
    else:
        one.signal(signal.SIGSTOP)
        time.sleep(rng.uniform(0.1, 3))
        one.signal(signal.SIGCONT)
    if one in replicas:
        one.wait()
    else:
        time.sleep(rng.uniform(0.5, 3))


def body(args):
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="replicas-") as name:
        folder = pathlib.Path(name)
        servers, nats = nats_servers(folder, 3)
        ports = free_ports(8)
        replicas = [Replica(args.bin_dir, folder, f"replica-{i}", nats, 3, ports[2 * i], ports[2 * i + 1]) for i in range(4)]
        fourth = replicas.pop()
        try:
            for server in servers:
                server.start()
            for replica in replicas:
                replica.start()
            for replica in replicas:
                replica.wait()
            made = replicas[0].call("Admin/PutPool", {"name": "default", "settings": {"embedder": {"name": "hashing"}},
                                                      "arms": ARMS}, 30)
            check(made and "pool" in made, "a pool is made", made)
            same_state(replicas)
            load = Load(replicas, SEED)
            began = time.monotonic()
            for n in range(FAULTS):
                fault(rng, servers, replicas)
                print(f"fault {n + 1} of {FAULTS}: {load.routed} routed, {len(load.acknowledged)} acknowledged", flush=True)
            load.stop()
            check(not load.refused, "no feedback is refused for good", load.refused[:3])
            state = same_state(replicas)
            print(f"{FAULTS} faults in {time.monotonic() - began:.0f} s: {load.routed} routes, {len(load.acknowledged)} "
                  f"acknowledged feedbacks, {load.retries} retries; state {state}")
            check(len(load.acknowledged) > FAULTS, "feedback got through", len(load.acknowledged))
            check(state[2] == load.routed, "every acknowledged feedback is there once", (state[2], load.routed))
            # Sent again to any of them, it brings nothing.
            for decision, quality in list(load.acknowledged.items())[:: max(1, len(load.acknowledged) // 50)]:
                again = rng.choice(replicas).call("Router/Feedback", {"decisionId": decision, "feedbackId": f"f-{decision}",
                                                                      "quality": quality, "latencyMs": 100})
                check(again and again.get("result") == "ALREADY_APPLIED", "an acknowledged feedback is known", again)
            fourth.start()
            fourth.wait()
            check(same_state(replicas + [fourth]) == state, "a new replica has the state of the others", state)
        finally:
            for process in [*replicas, fourth, *servers]:
                process.kill()


if __name__ == "__main__":
    run_test(__doc__, body)
