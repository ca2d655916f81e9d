"""Feedback that waits for the server, on disk.

A sqlite file, so several processes may share it: all write, and the one that holds the lock beside it sends. What is
written survives a crash of the app. A crash of the machine can lose the last moments, since a write does not wait for
the disk: the app goes on at once.
"""
import contextlib
import dataclasses
import os
import random
import sqlite3
import threading
import time
import weakref
from typing import Callable, Iterator, List, Optional

try:
    import fcntl
except ImportError:  # Windows: one process per file
    fcntl = None  # type: ignore[assignment]

BATCH_MAX = 64
BATCH_BYTES_MAX = 1 << 20  # a request of the server may have 4 MiB
LATE_S = 0.020  # how long the first of a batch waits for others
PAUSE_LEAST_S, PAUSE_MOST_S = 0.1, 10.0
LOOK_S = 0.5  # how often the sender looks for what other processes wrote, and others whether they may send
REPORT_EVERY_S = 60.0
BUSY_S = 5.0  # how long a write waits for that of another process

# How an entry ended: None if it is done; why it will never be taken; or one of these, and then it is sent again.
LATER = "later"  # the server did not take this one
AWAY = "away"  # the server took nothing
End = Optional[str]

# `total` makes counting as fast with a full outbox as with an empty one.
SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY AUTOINCREMENT, feedback BLOB NOT NULL, route BLOB);
CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY, waiting INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES (1, 0);
CREATE TRIGGER IF NOT EXISTS one_more AFTER INSERT ON entries BEGIN UPDATE total SET waiting = waiting + 1; END;
CREATE TRIGGER IF NOT EXISTS one_less AFTER DELETE ON entries BEGIN UPDATE total SET waiting = waiting - 1; END;
COMMIT;
"""


@dataclasses.dataclass(frozen=True)
class Status:
    """`waiting` is in the file; `dropped` (no room) and `rejected` (never acceptable) count since the start."""
    waiting: int
    dropped: int
    rejected: int


@dataclasses.dataclass(frozen=True)
class Entry:
    number: int
    feedback: bytes
    route: Optional[bytes]  # to make the decision, if the server does not know it

    def size(self) -> int:
        return len(self.feedback) + len(self.route or b"")


Send = Callable[[List[Entry]], List[End]]
_alive: "weakref.WeakSet[Outbox]" = weakref.WeakSet()


class Outbox:
    """may_send: whether this process can reach a server at all; if not, it only writes."""

    def __init__(self, path: str, most: int, send: Send, report: Callable[[str], None],
                 may_send: Callable[[], bool] = lambda: True):
        self._path, self._most, self._send, self._report, self._may_send = path, most, send, report, may_send
        # Reentrant: the garbage collector may end a call, and so add an entry, at any line below.
        self._wake = threading.Condition(threading.RLock())
        self._dropped = self._dropped_told = self._rejected = 0
        self._told_at: Optional[float] = None
        self._is_closed = self._is_hurried = False
        self._is_idle = self._is_gathering = False  # what the thread waits for: a first entry, or a full batch
        self._tried = 0  # entries up to this number were tried; those that are still there wait for _again_at
        self._again_at: Optional[float] = None
        self._pause_s = PAUSE_LEAST_S
        self._lock_file = None
        self._db: Optional[sqlite3.Connection] = None
        self._thread: Optional[threading.Thread] = None
        with self._wake:
            self._waiting = self._count()
            self._start()
        _alive.add(self)

    # ---- the file

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            # It holds queries. The files that sqlite makes beside it get the mode of this one.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            db = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'one_less'").fetchone():
                db.executescript(SCHEMA)
            self._db = db
        return self._db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._open()
        if db.in_transaction:  # added by the garbage collector, within another one
            yield db
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _count(self) -> int:
        return self._open().execute("SELECT waiting FROM total").fetchone()[0]

    # ---- what the app calls

    def add(self, feedback: bytes, route: Optional[bytes] = None) -> None:
        """Returns when it is in the file. A disk that is full or broken costs the feedback, but not the app's call."""
        told = None
        with self._wake:
            try:
                self._open().execute("INSERT INTO entries (feedback, route) VALUES (?, ?)", (feedback, route))
                self._waiting += 1
                if self._waiting > self._most:
                    self._drop_oldest()
                    told = self._once_a_minute("is full: dropped {} of the oldest; is pointsmand reachable?")
            except (sqlite3.Error, OSError) as error:
                self._dropped += 1
                told = self._once_a_minute("cannot be written, {} feedbacks are lost: " + str(error))
            self._start()
            if self._is_idle or (self._is_gathering and self._waiting >= BATCH_MAX):
                self._wake.notify_all()
        self._tell(told)

    def _drop_oldest(self) -> None:
        with self._transaction() as db:
            self._waiting = self._count()  # other processes may have added or sent some since
            over = self._waiting - self._most
            if over > 0:
                db.execute("DELETE FROM entries WHERE number IN (SELECT number FROM entries ORDER BY number LIMIT ?)",
                           (over,))
                self._waiting -= over
                self._dropped += over

    def _once_a_minute(self, text: str) -> Optional[str]:
        now = time.monotonic()
        new = self._dropped - self._dropped_told
        if new == 0 or (self._told_at is not None and now - self._told_at < REPORT_EVERY_S):
            return None
        self._told_at, self._dropped_told = now, self._dropped
        return f"the outbox {self._path} {text.replace('{}', str(new))}"

    def _tell(self, text: Optional[str]) -> None:
        """Without the mutex, since the app's function may call this object."""
        if text is None:
            return
        with contextlib.suppress(Exception):
            self._report(text)

    def status(self) -> Status:
        with self._wake:
            return Status(self._count(), self._dropped, self._rejected)

    def flush(self, within_s: float) -> bool:
        """Waits until nothing is waiting. False: the time was over before."""
        until = time.monotonic() + within_s
        with self._wake:
            self._is_hurried = True
            self._wake.notify_all()
            while self._count() > 0:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._wake.wait(min(left, 0.05))
        return True

    def close(self, within_s: float) -> None:
        """Sends what it can within this time. What is left, and what is added later, is sent by the next process."""
        with self._wake:
            if self._is_closed:
                return
        with contextlib.suppress(sqlite3.Error, OSError):
            self.flush(within_s)
        with self._wake:
            self._is_closed = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(within_s + 1)
        with self._wake:
            self._release()

    # ---- fork: a connection of sqlite and a thread end there

    def _before_fork(self) -> None:
        self._wake.acquire()
        if self._db is not None:
            self._db.close()
            self._db = None

    def _after_fork(self, is_child: bool) -> None:
        self._wake.release()
        if is_child:
            self._wake = threading.Condition(threading.RLock())
            self._thread = None
            self._release()  # otherwise the child would hold the parent's lock, also after the parent's end

    def _release(self) -> None:
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None
        if self._db is not None:
            self._db.close()
            self._db = None

    # ---- the thread that sends

    def _start(self) -> None:
        if self._thread is None and not self._is_closed and self._may_send():
            self._thread = threading.Thread(target=self._run, name="pointsman-outbox", daemon=True)
            self._thread.start()

    def _is_sender(self) -> bool:
        if fcntl is None or self._lock_file is not None:
            return True
        file = open(self._path + ".lock", "a")  # noqa: SIM115  (held as long as this process sends)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._lock_file = file
        return True

    def _has_more(self) -> bool:
        now = time.monotonic()
        if self._again_at is not None and (now >= self._again_at or self._is_hurried):
            self._tried, self._again_at = 0, None
        found = self._open().execute("SELECT 1 FROM entries WHERE number > ? LIMIT 1", (self._tried,))
        return found.fetchone() is not None

    def _take(self) -> List[Entry]:
        """The next batch. Empty: the outbox is closed."""
        with self._wake:
            while not self._is_closed and not (self._is_sender() and self._has_more()):
                left = LOOK_S if self._again_at is None else self._again_at - time.monotonic()
                self._is_idle = self._lock_file is not None or fcntl is None
                self._wake.wait(max(0.001, min(left, LOOK_S)))
                self._is_idle = False
            self._is_gathering = True
            self._wake.wait_for(lambda: self._is_closed or self._is_hurried or self._waiting >= BATCH_MAX, LATE_S)
            self._is_gathering = False
            if self._is_closed:
                return []
            self._is_hurried = False
            rows = self._open().execute("SELECT number, feedback, route FROM entries WHERE number > ? "
                                        "ORDER BY number LIMIT ?", (self._tried, BATCH_MAX)).fetchall()
        entries: List[Entry] = []
        size = 0
        for entry in (Entry(*row) for row in rows):
            size += entry.size()
            if entries and size > BATCH_BYTES_MAX:
                break
            entries.append(entry)
        return entries

    def _finish(self, entries: List[Entry], ends: List[End]) -> bool:
        """Removes what is done. False: the server took nothing."""
        done = [entry.number for entry, end in zip(entries, ends) if end not in (LATER, AWAY)]
        refused = [end for end in ends if end not in (None, LATER, AWAY)]
        with self._wake:
            if done:
                with self._transaction() as db:
                    db.executemany("DELETE FROM entries WHERE number = ?", [(number,) for number in done])
            self._waiting = self._count()
            self._rejected += len(refused)
            tried = ends.index(AWAY) if AWAY in ends else len(ends)
            if tried > 0:
                # What the server does not take now must not hold up what is behind it.
                self._tried = entries[tried - 1].number
                if LATER in ends:
                    # Not before what is behind it has had its turn, if the server took no more.
                    pause = self._next_pause() if tried == len(ends) else PAUSE_MOST_S
                    self._again_at = self._again_at or time.monotonic() + pause
                elif self._again_at is None:
                    self._pause_s = PAUSE_LEAST_S
            self._wake.notify_all()
        if refused:
            self._tell(f"the server will never take {len(refused)} feedbacks, which are dropped; "
                       f"the first: {refused[0]}")
        return AWAY not in ends

    def _next_pause(self) -> float:
        pause = self._pause_s * random.uniform(0.8, 1.2)
        self._pause_s = min(2 * self._pause_s, PAUSE_MOST_S)
        return pause

    def _run(self) -> None:
        while True:
            try:
                entries = self._take()
                if not entries:
                    if self._is_closed:
                        return
                    continue
                is_away = not self._finish(entries, self._send(entries))
            except Exception as error:  # a fault of the disk, or of the outbox itself, must not end the thread
                self._tell(f"the outbox {self._path} could not send: {error}")
                is_away = True
            if is_away:
                with self._wake:
                    if self._wake.wait_for(lambda: self._is_closed or self._is_hurried, self._next_pause()):
                        self._pause_s = PAUSE_LEAST_S


_held: List[Outbox] = []


def _before() -> None:
    _held.extend(_alive)
    for outbox in _held:
        outbox._before_fork()


def _after(is_child: bool) -> None:
    while _held:
        _held.pop()._after_fork(is_child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=lambda: _after(False), after_in_child=lambda: _after(True))
