"""Measures how late a client package's default arm comes when the server is frozen: how long after the package's
deadline of 50 ms the app has it. It judges nothing.

usage: fallback_time.py python|asyncio|node|go --bin-dir BUILD/bin --work-dir FOLDER [--calls N]
Needs Debian's python3-grpcio.
"""
import signal
import sys

import measured
from conformance import Failed

DEADLINE_MS = 50  # the packages' default


def late_ms(driver, count):
    """The time of each call beyond the deadline, in order of size."""
    late = []
    for i in range(count):
        answer = driver.say({"do": "call", "query": f"question {i}"})
        late.append(answer["waited_ms"] - DEADLINE_MS)
        if answer["source"] != "default":
            raise Failed(f"a frozen server decides nothing; got {answer}")
    return sorted(late)


def main():
    parser = measured.parser(__doc__)
    parser.add_argument("--calls", type=int, default=500)
    args = parser.parse_args()
    with measured.driven(args, "deadline") as case:
        case.driver.say({"do": "call", "query": "warm up"})
        case.server.signal(signal.SIGSTOP)
        print(f"{args.calls} calls of a frozen server, about {args.calls * DEADLINE_MS / 1000:.0f} s", file=sys.stderr,
              flush=True)
        late = late_ms(case.driver, args.calls)
        case.server.signal(signal.SIGCONT)
    of = {share: late[min(len(late) - 1, int(share * len(late)))] for share in (0.5, 0.9, 0.99)}
    print(f"{args.client}: the default arm comes {of[0.5]:.1f} ms (p50), {of[0.9]:.1f} ms (p90), {of[0.99]:.1f} ms (p99), "
          f"{late[-1]:.1f} ms (most) after the deadline of {DEADLINE_MS} ms")


if __name__ == "__main__":
    main()
