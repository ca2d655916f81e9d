"""Runs every attack of attacks.py, small and short, beside a well-behaved client of one pointsmand.

usage: hostile_test.py --bin-dir BUILD/bin [--only NAME]...
Checks for each attack: every call of the well-behaved client is answered correctly; the server lives and is
healthy afterwards; its file descriptors come back within FILES_BACK_S; its memory stays within RSS_GROWTH_MB; and
only the well-behaved client's outcomes were learned. script/bench-hostile measures what an attack costs in time.
Exit codes: 0 passed, 1 failed, 77 skipped: python3-grpcio is missing, or too few file descriptors are allowed.
"""
import argparse
import pathlib
import sys
import threading
import time

try:
    import grpc
except ImportError:
    print("SKIPPED: nothing was tested, since this python3 has no grpc: apt-get install python3-grpcio")
    sys.exit(77)

import messages
from attacks import ATTACKS, allow_files
from foreign import OTHER_POOL
from server import Attacker, Server, ServerFailed, Watch

POOL = "default"
SCALE = 0.05
ATTACK_S = 0.6
CALL_S = 20  # an answer that takes longer counts as missing
FILES_BACK_S = 10
FILES_SLACK = 16  # RocksDB itself opens and closes some
RSS_GROWTH_MB = 800  # for all attacks together: freed memory is returned late, or kept for the next attack
FILES_NEEDED = 2500


class Failed(Exception):
    pass


def check(is_so, what, got):
    if not is_so:
        raise Failed(f"{what}; got {got!r}")


class Client:
    """Calls with the normal gRPC library, which waits, acknowledges and reads correctly."""

    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.address, options=[("grpc.enable_http_proxy", 0)])

    def call(self, path, message):
        return self.channel.unary_unary(path)(message, timeout=CALL_S, wait_for_ready=True)

    def refused(self, path, message):
        """The code with which a call is refused; None if it is not."""
        try:
            self.call(path, message)
        except grpc.RpcError as error:
            return error.code().name
        return None

    def route(self, pool, query):
        return messages.decision_id(self.call(messages.ROUTE, messages.route(pool, query)))

    def outcomes(self, pool):
        return messages.outcomes(self.call(messages.GET_STATS, messages.get_stats(pool)))


class WellBehaved(threading.Thread):
    """Routes and reports outcomes until it is stopped or something goes wrong."""

    def __init__(self, client, learned):
        super().__init__(daemon=True)
        self.client = client
        self.learned = learned  # by everyone so far
        self.calls = 0
        self.slowest_s = 0.0
        self.wrong = None
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.wait(0.01):
                began = time.monotonic()
                decision = self.client.route(POOL, f"what is {self.calls} times {self.calls}?")
                answer = self.client.call(messages.FEEDBACK, messages.feedback(POOL, decision, 0.5))
                check(messages.fields(answer)[1][0] == messages.APPLIED, "feedback is applied", answer)
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                self.learned += 1
                self.calls += 2
        except (grpc.RpcError, Failed, IndexError, KeyError) as error:
            self.wrong = error

    def stop(self):
        self.is_over.set()
        self.join(3 * CALL_S)


def check_files(server, before):
    until = time.monotonic() + FILES_BACK_S
    while server.files() > before + FILES_SLACK and time.monotonic() < until:
        time.sleep(0.02)
    check(server.files() <= before + FILES_SLACK,
          f"{FILES_BACK_S} s after the attack about {before} file descriptors are open, as before", server.files())


def check_attack(name, server, client, learned):
    """Returns what was learned by then."""
    files = server.files()
    began = time.monotonic()
    well_behaved = WellBehaved(client, learned)
    well_behaved.start()
    attacker = Attacker(server, name, ATTACK_S, SCALE)
    try:
        did = attacker.wait()
    finally:
        attacker.kill()
        well_behaved.stop()
    check(server.is_alive, "the server lives", server.process.returncode)
    check(well_behaved.wrong is None, "the well-behaved client's calls are answered", well_behaved.wrong)
    check(well_behaved.calls > 0, "the well-behaved client made calls", well_behaved.calls)
    newcomer = Client(server)
    check(newcomer.call(messages.HEALTH, b"") == messages.SERVING, "health is SERVING for who comes now", "")
    newcomer.channel.close()
    check_files(server, files)
    learned = well_behaved.learned
    check(client.outcomes(POOL) == (learned, learned), f"{learned} outcomes are learned: the well-behaved client's",
          client.outcomes(POOL))
    check(any(did.values()) and not did.get("connections refused"), "the attack reached the server", did)
    print(f"{name:20} {time.monotonic() - began:4.1f} s, {well_behaved.calls} calls beside it, the slowest pair "
          f"{well_behaved.slowest_s * 1000:.0f} ms, RSS {server.rss_mb():.0f} MB; it did {did}", flush=True)
    if name == "foreign-feedback":
        check_foreign(did, client)
    return learned


def check_foreign(did, client):
    check(did.get("NOT_FOUND", 0) > 0, "foreign feedback was answered", did)
    # Calls beyond a connection's rate are not even read (RESOURCE_EXHAUSTED, 8). When gRPC's buffers are
    # short, it drops connections (UNAVAILABLE, 14).
    others = [key for key in did if key.startswith("status") and key not in ("status 8", "status 14")]
    check(not others, "all of it by NOT_FOUND, or not read at all", did)
    check(client.outcomes(OTHER_POOL) == (0, 0), "it taught the other pool nothing", client.outcomes(OTHER_POOL))


def check_ownership(client):
    """A decision belongs to its pool, and its id gives no access to anything else."""
    client.call(messages.PUT_POOL, messages.put_pool("owner", 3))
    decision = client.route("owner", "whose is this?")
    before = client.outcomes(POOL)
    neighbour = f"{int(decision, 16) + 1:0{len(decision)}x}"
    for pool, wrong in ((POOL, decision), ("owner", neighbour), ("owner", decision[:-1]), ("owner", decision + "0")):
        code = client.refused(messages.FEEDBACK, messages.feedback(pool, wrong, 1.0))
        check(code == "NOT_FOUND", f"feedback for {wrong} in pool {pool} is NOT_FOUND", code)
    check(client.outcomes(POOL) == before, "it teaches nothing", client.outcomes(POOL))
    check(client.outcomes("owner") == (0, 0), "nor the pool of the decision", client.outcomes("owner"))
    answer = client.call(messages.FEEDBACK, messages.feedback("owner", decision, 1.0))
    check(messages.fields(answer)[1][0] == messages.APPLIED, "the owner's is applied", answer)


def run(options):
    server = Server(options.bin_dir)
    try:
        client = Client(server)
        client.call(messages.PUT_POOL, messages.put_pool(POOL, 8))
        check_ownership(client)
        rss = server.rss_mb()
        learned = 0
        with Watch(server) as watch:
            for name in options.only or ATTACKS:
                try:
                    learned = check_attack(name, server, client, learned)
                except (Failed, ServerFailed, grpc.RpcError) as failure:
                    raise Failed(f"{name} ({ATTACKS[name].what}): {failure}") from failure
        check(watch.rss_mb - rss < RSS_GROWTH_MB, f"memory grew by less than {RSS_GROWTH_MB} MB from {rss:.0f} MB",
              f"{watch.rss_mb:.0f} MB")
        client.channel.close()
        took, code = server.stop()
        check(code == 0, "the server ends with code 0 when it is told to", (code, f"after {took:.1f} s"))
    except Failed as failure:
        said = "".join(server.said)
        raise Failed(f"{failure}\npointsmand said:\n{said}") from failure
    finally:
        server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--only", choices=ATTACKS, action="append")
    options = parser.parse_args()
    allowed = allow_files()
    if allowed < FILES_NEEDED:
        print(f"SKIPPED: nothing was tested, since this process may open only {allowed} files; "
              f"`ulimit -Hn {FILES_NEEDED}` or more")
        return 77
    try:
        run(options)
    except (Failed, ServerFailed) as failure:
        print(f"FAILED: {failure}")
        return 1
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
