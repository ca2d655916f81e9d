"""The driver of this package for the conformance cases: clients/README.md says what it reads and writes.

usage: driver.py [--asyncio] --server HOST:PORT --outbox PATH [--default-arm ARM] [--deadline-ms N] [--outbox-max N]
"""
import argparse
import asyncio
import json
import sys
import time

import grpc

from pointsman import AsyncRouter, Router, StatusError


class Failure(Exception):
    pass


def failure(kind):
    return {"error": Failure("it failed"), "timeout": TimeoutError("too late"), "cancelled": asyncio.CancelledError(),
            "rate_limited": StatusError(429, retry_after_s=2), "bad_request": StatusError(400)}[kind]


def describe(call):
    return {"arm": call.arm, "decision_id": call.id, "source": call.source, "propensity": call.propensity}


def ms_since(began):
    return (time.perf_counter() - began) * 1000


class Driver:
    """Commands that need no event loop."""

    def __init__(self, router):
        self.router = router
        self.calls = {}

    def work(self, call, command):
        if "usage" in command:
            call.usage(**command["usage"])
        if command.get("fails"):
            raise failure(command["fails"])

    def do(self, command):
        name = command["do"]
        if name == "rate":
            self.calls[command["of"]].rate(command["quality"])
        elif name == "rate_id":
            self.router.rate(command["decision_id"], command["quality"])
        elif name in ("status", "flush"):
            if name == "flush":
                self.router.flush(command["within_ms"] / 1000)
            status = self.router.status()
            return {"waiting": status.waiting, "dropped": status.dropped, "rejected": status.rejected}
        else:
            raise ValueError(name)
        return {}

    def answer(self, call, command, raised, waited_ms=None):
        self.calls[command.get("as")] = call
        return {**describe(call), "waited_ms": waited_ms, **({"raised": True} if raised else {})}


class SyncDriver(Driver):
    def call(self, command):
        call, raised, began = None, False, time.perf_counter()
        try:
            with self.router.call(command["query"], preference=command.get("preference")) as call:
                waited_ms = ms_since(began)
                time.sleep(command.get("ms", 0) / 1000)
                self.work(call, command)
        except (Failure, TimeoutError, asyncio.CancelledError, StatusError):
            raised = True
        return self.answer(call, command, raised, waited_ms)

    def run(self, command):
        tries, seen = [], []

        def function(arm):
            tries.append(arm)
            if len(tries) <= command.get("fail_first", 0):
                raise Failure("it failed")

        try:
            self.router.run(command["query"], function, on_call=seen.append)
            raised = False
        except Failure:
            raised = True
        return {**self.answer(seen[0], command, raised), "tries": tries}

    def serve(self):
        for line in sys.stdin:
            command = json.loads(line)
            name = command["do"]
            if name == "close":
                self.router.close()
                return tell({})
            tell(guarded(lambda: getattr(self, name)(command) if name in ("call", "run") else self.do(command)))


class AsyncDriver(Driver):
    async def call(self, command):
        call, raised, began = None, False, time.perf_counter()
        try:
            async with self.router.call(command["query"], preference=command.get("preference")) as call:
                waited_ms = ms_since(began)
                await asyncio.sleep(command.get("ms", 0) / 1000)
                self.work(call, command)
        except (Failure, TimeoutError, asyncio.CancelledError, StatusError):
            raised = True
        return self.answer(call, command, raised, waited_ms)

    async def run(self, command):
        tries, seen = [], []

        async def function(arm):
            tries.append(arm)
            if len(tries) <= command.get("fail_first", 0):
                raise Failure("it failed")

        try:
            await self.router.run(command["query"], function, on_call=seen.append)
            raised = False
        except Failure:
            raised = True
        return {**self.answer(seen[0], command, raised), "tries": tries}

    async def serve(self):
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command = json.loads(line)
            name = command["do"]
            if name == "close":
                await self.router.aclose()
                return tell({})
            try:
                answer = await getattr(self, name)(command) if name in ("call", "run") else self.do(command)
            except grpc.RpcError as error:
                answer = {"error": error.code().name, "message": error.details()}
            tell(answer)
        return None


def guarded(work):
    try:
        return work()
    except grpc.RpcError as error:
        return {"error": error.code().name, "message": error.details()}


def tell(answer):
    print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asyncio", action="store_true")
    parser.add_argument("--server", required=True)
    parser.add_argument("--outbox", required=True)
    parser.add_argument("--default-arm")
    parser.add_argument("--deadline-ms", type=float, default=50)
    parser.add_argument("--outbox-max", type=int, default=100_000)
    args = parser.parse_args()
    settings = {"default_arm": args.default_arm, "deadline_s": args.deadline_ms / 1000, "outbox": args.outbox,
                "outbox_max": args.outbox_max}
    if args.asyncio:
        async def serve():
            await AsyncDriver(AsyncRouter(args.server, **settings)).serve()
        asyncio.run(serve())
    else:
        SyncDriver(Router(args.server, **settings)).serve()


if __name__ == "__main__":
    main()
