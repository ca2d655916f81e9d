"""Measures what a feedback in a batch of a client package costs the server, next to an empty call (gRPC's health check)
of one caller, in turns. Prints the CPU of the server of each, and the median ratio. It judges nothing.

usage: feedback_cost.py python|asyncio|node|go --bin-dir BUILD/bin --work-dir FOLDER [--turns N] [--feedbacks N]
Needs Debian's python3-grpcio.
"""
import os
import pathlib
import signal
import statistics
import sys

import grpc
import measured
from conformance import Failed

HEALTH = "/grpc.health.v1.Health/Check"
WITHIN_MS = 60000


def cpu_us(process):
    """CPU of a process so far."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def feedback_us(case, ids, quality):
    before = cpu_us(case.server.process)
    case.server.signal(signal.SIGSTOP)  # so that batches are full, as those of a busy app
    for decision_id in ids:
        case.driver.say({"do": "rate_id", "decision_id": decision_id, "quality": quality})
    case.server.signal(signal.SIGCONT)
    status = case.driver.say({"do": "flush", "within_ms": WITHIN_MS})
    if status["waiting"] or status["rejected"]:
        raise Failed(f"all is delivered; got {status}")
    return (cpu_us(case.server.process) - before) / len(ids)


def empty_us(case, count):
    with grpc.insecure_channel(case.server.address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        call = channel.unary_unary(HEALTH)
        call(b"", timeout=30)
        before = cpu_us(case.server.process)
        for _ in range(count):
            call(b"", timeout=30)
        return (cpu_us(case.server.process) - before) / count


def main():
    parser = measured.parser(__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--feedbacks", type=int, default=2000, help="in each turn")
    args = parser.parse_args()
    with measured.driven(args, "cost") as case:
        print(f"making {args.feedbacks} decisions", file=sys.stderr, flush=True)
        ids = [case.driver.say({"do": "call", "query": f"question {i}", "as": "x"})["decision_id"]
               for i in range(args.feedbacks)]
        case.driver.say({"do": "flush", "within_ms": WITHIN_MS})
        ratios = []
        for turn in range(args.turns):
            feedback, empty = feedback_us(case, ids, 0.1 + 0.1 * turn), empty_us(case, args.feedbacks)
            ratios.append(feedback / empty)
            print(f"a feedback {feedback:.0f} us, an empty call {empty:.0f} us: {ratios[-1]:.2f}", flush=True)
        print(f"{args.client}: a feedback costs {statistics.median(ratios):.2f} empty calls")


if __name__ == "__main__":
    main()
