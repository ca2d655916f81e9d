"""The outbox: on disk, bounded, shared by processes, through kill -9 and fork."""
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from support import ServerTest, until

from pointsman import Router
from pointsman._outbox import AWAY, LATER, Outbox

NOBODY = "127.0.0.1:1"


class Fake:
    """A server for one Outbox: `end_of(feedback)` says how each ends."""

    def __init__(self, end_of=lambda feedback: None):
        self.end_of, self.batches, self.said = end_of, [], []

    def send(self, entries):
        self.batches.append([entry.feedback for entry in entries])
        return [self.end_of(entry.feedback) for entry in entries]

    def sent(self):
        return [feedback for batch in self.batches for feedback in batch]


class OutboxTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "outbox.sqlite")

    def outbox(self, fake, most=100_000, **more):
        outbox = Outbox(self.path, most, fake.send, fake.said.append, **more)
        self.addCleanup(outbox.close, 0)
        return outbox

    def test_batches_have_64_entries_at_most_and_are_soon(self):
        fake = Fake()
        outbox = self.outbox(fake)
        for number in range(200):
            outbox.add(b"%d" % number)
        self.assertTrue(outbox.flush(10))
        self.assertEqual(fake.sent(), [b"%d" % number for number in range(200)])
        self.assertLessEqual(max(map(len, fake.batches)), 64)
        began = time.monotonic()
        outbox.add(b"alone")
        until(lambda: b"alone" in fake.sent())
        self.assertLess(time.monotonic() - began, 1)

    def test_what_the_server_takes_later_holds_up_nobody_even_while_it_takes_no_more(self):
        fake = Fake(lambda feedback: LATER if feedback == b"0" else AWAY)
        outbox = self.outbox(fake)
        for number in range(3):
            outbox.add(b"%d" % number)
        until(lambda: any(batch[0] == b"1" for batch in fake.batches))
        fake.end_of = lambda _: None
        self.assertTrue(outbox.flush(20))

    def test_batches_have_a_megabyte_at_most(self):
        fake = Fake(lambda _: AWAY)
        outbox = self.outbox(fake)
        for _ in range(8):
            outbox.add(bytes(300_000))
        fake.end_of = lambda _: None
        self.assertTrue(outbox.flush(10))
        self.assertLessEqual(max(sum(map(len, batch)) for batch in fake.batches), 1 << 20)

    def test_it_is_bounded_and_says_so_once(self):
        fake = Fake(lambda _: AWAY)
        outbox = self.outbox(fake, most=10)
        for number in range(25):
            outbox.add(b"%d" % number)
        self.assertEqual((outbox.status().waiting, outbox.status().dropped), (10, 15))
        self.assertEqual(len([text for text in fake.said if "is full" in text]), 1)
        fake.end_of = lambda _: None
        del fake.batches[:]
        self.assertTrue(outbox.flush(10))
        self.assertEqual(fake.sent()[-10:], [b"%d" % number for number in range(15, 25)])

    def test_the_apps_function_may_ask_for_the_status(self):
        said = []
        outbox = Outbox(self.path, 1, lambda entries: [AWAY] * len(entries), lambda _: said.append(outbox.status()))
        self.addCleanup(outbox.close, 0)
        for _ in range(3):
            outbox.add(b"x")
        self.assertEqual(said[0].waiting, 1)

    def test_adding_to_a_full_outbox_is_as_fast(self):
        fake = Fake(lambda _: AWAY)
        outbox = self.outbox(fake, most=50_000)
        with contextlib.closing(sqlite3.connect(self.path)) as db, db:
            db.executemany("INSERT INTO entries (feedback) VALUES (?)", [(bytes(300),)] * 50_000)
        took = []
        for _ in range(300):
            began = time.perf_counter()
            outbox.add(bytes(300))
            took.append(time.perf_counter() - began)
        self.assertGreater(outbox.status().dropped, 200)
        self.assertLess(sorted(took)[150], 0.005)

    def test_what_is_refused_is_dropped_and_what_waits_holds_up_nothing(self):
        fake = Fake(lambda feedback: LATER if feedback.startswith(b"later") else "INVALID_ARGUMENT: no"
                    if feedback == b"wrong" else None)
        outbox = self.outbox(fake)
        for number in range(100):
            outbox.add(b"later%d" % number)
        outbox.add(b"wrong")
        outbox.add(b"good")
        until(lambda: outbox.status().waiting == 100)
        self.assertEqual(outbox.status().rejected, 1)
        self.assertIn("INVALID_ARGUMENT", "".join(fake.said))
        fake.end_of = lambda _: None
        self.assertTrue(outbox.flush(10))

    def test_a_flush_does_not_wait_for_the_pause(self):
        fake = Fake(lambda _: AWAY)
        outbox = self.outbox(fake)
        outbox.add(b"x")
        until(lambda: len(fake.batches) >= 4)
        fake.end_of = lambda _: None
        self.assertTrue(outbox.flush(0.5))

    def test_a_disk_that_fails_costs_feedback_but_not_the_call(self):
        fake = Fake()
        outbox = self.outbox(fake)
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            db.execute("DROP TABLE entries")
        outbox.add(b"x")
        self.assertEqual(outbox._dropped, 1)
        self.assertIn("cannot be written", "".join(fake.said))

    def test_only_this_user_may_read_it(self):
        self.outbox(Fake()).add(b"x")
        for name in os.listdir(os.path.dirname(self.path)):
            if not name.endswith(".lock"):
                self.assertEqual(os.stat(os.path.join(os.path.dirname(self.path), name)).st_mode & 0o077, 0, name)

    def test_what_is_added_after_the_close_is_for_the_next_process(self):
        outbox = self.outbox(Fake())
        outbox.close(1)
        outbox.add(b"late")
        self.assertEqual(outbox.status().waiting, 1)
        fake = Fake()
        self.assertTrue(self.outbox(fake).flush(10))
        self.assertEqual(fake.sent(), [b"late"])

    def test_many_threads_add(self):
        fake = Fake()
        outbox = self.outbox(fake)
        threads = [threading.Thread(target=lambda: [outbox.add(b"x") for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(outbox.flush(20))
        self.assertEqual(len(fake.sent()), 1600)

    def test_a_child_of_fork_writes_and_the_parent_sends(self):
        fake = Fake()
        outbox = self.outbox(fake)
        outbox.add(b"parent")
        for number in range(20):
            pid = os.fork()
            if pid == 0:
                outbox._may_send = lambda: False  # as after gRPC was used
                outbox.add(b"child%d" % number)
                os._exit(0)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            outbox.add(b"then%d" % number)
        until(lambda: len(fake.sent()) == 41)
        self.assertEqual(outbox.status().waiting, 0)

    def test_a_child_of_fork_does_not_keep_its_parents_lock(self):
        code = ("import os, sys, time\nfrom pointsman._outbox import Outbox\n"
                "box = Outbox(sys.argv[1], 10, lambda entries: [None] * len(entries), print)\n"
                "box.add(b'x')\nbox.flush(10)\n"
                "if os.fork(): os._exit(0)\nos.close(1)\ntime.sleep(30)\n")
        parent = subprocess.run([sys.executable, "-c", code, self.path], check=True, timeout=60,
                                stdout=subprocess.PIPE)
        self.assertEqual(parent.returncode, 0)
        fake = Fake()
        outbox = self.outbox(fake)
        outbox.add(b"after")
        self.assertTrue(outbox.flush(10))


WRITER = """
import sys
from pointsman import Router
router = Router(sys.argv[1], outbox=sys.argv[2], default_arm="gpt-4o", deadline_s=20)
for i in range(int(sys.argv[3])):
    with router.call(f"question {i}") as call:
        pass
    call.rate(0.5)
    print(call.id, flush=True)
if sys.argv[4] == "hang":
    sys.stdin.read()
router.close()
"""


class Processes(ServerTest):
    def writer(self, calls, address=None, end="close"):
        return subprocess.Popen([sys.executable, "-c", WRITER, address or self.server.address, self.outbox, str(calls),
                                 end], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def test_two_processes_share_an_outbox(self):
        writers = [self.writer(50) for _ in range(2)]
        ids = [name for writer in writers for name in writer.communicate(timeout=60)[0].split()]
        self.assertEqual([writer.returncode for writer in writers], [0, 0])
        with Router(**self.settings()) as router:
            self.assertTrue(router.flush(20))
            self.assertEqual(len(set(ids)), 100)
            for name in ids[::10]:
                self.assertEqual(self.outcome(router, name)["quality"], 0.5)

    def test_a_kill_between_write_and_send_loses_nothing(self):
        with self.writer(20, address=NOBODY, end="hang") as writer:
            ids = [writer.stdout.readline().strip() for _ in range(20)]
            writer.send_signal(signal.SIGKILL)
        with Router(**self.settings()) as router:
            for name in ids:
                outcome = self.outcome(router, name)
                self.assertEqual((outcome["arm"], outcome["quality"]), ("gpt-4o", 0.5))
            self.assertEqual(router.status().rejected, 0)

    def test_fork_without_grpcs_support_gets_the_default_arm_and_loses_nothing(self):
        self.check_fork({"GRPC_ENABLE_FORK_SUPPORT": "0"}, "default FORKED")

    def test_fork_with_grpcs_support_routes(self):
        self.check_fork({"GRPC_ENABLE_FORK_SUPPORT": "1"}, "server ")

    def check_fork(self, env, expected):
        code = ("import os, sys\nfrom pointsman import Router\n"
                "router = Router(sys.argv[1], outbox=sys.argv[2], default_arm='gpt-4o', deadline_s=20)\n"
                "with router.call('parent'): pass\n"
                "read, write = os.pipe()\npid = os.fork()\n"
                "if pid == 0:\n"
                "    with router.call('child') as call: pass\n"
                "    os.write(write, f'{call.id} {call.source} {call.why}'.encode())\n"
                "    os._exit(0)\n"
                "assert os.waitpid(pid, 0)[1] == 0\nprint(os.read(read, 1000).decode())\n"
                "assert router.flush(20)\nrouter.close()\n")
        done = subprocess.run([sys.executable, "-c", code, self.server.address, self.outbox], text=True, check=False,
                              capture_output=True, timeout=90, env={**os.environ, **env})
        self.assertEqual(done.returncode, 0, done.stderr)
        name, rest = done.stdout.rstrip("\n").split(" ", 1)
        self.assertEqual(rest, expected)
        with Router(**self.settings()) as router:
            self.outcome(router, name)


if __name__ == "__main__":
    unittest.main()
