"""What errors mean, what usage is read from, what a rating may be, and what the deadline gives."""
import asyncio
import concurrent.futures
import signal
import time
import types
import unittest

import httpx
import openai
from openai.types import CompletionUsage
from openai.types.completion_usage import PromptTokensDetails
from support import ServerTest

from pointsman import AsyncRouter, Router, StatusError
from pointsman._call import Call
from pointsman._chat import pool_of, query_of
from pointsman._errors import kind_of
from pointsman._proto.pointsman.v1 import router_pb2 as pb
from pointsman._tracing import Span


class Response:
    def __init__(self, status, headers=None):
        self.status_code, self.headers = status, headers or {}


def with_response(status, **headers):
    error = RuntimeError("of some library")
    error.response = Response(status, {name.replace("_", "-"): value for name, value in headers.items()})
    return error


class Errors(unittest.TestCase):
    def test_the_kind_of_each_failure(self):
        class ReadTimeout(Exception):
            """As httpx and requests have one."""

        for error, kind, retry_after_ms in (
                (TimeoutError(), pb.TIMEOUT, None), (asyncio.TimeoutError(), pb.TIMEOUT, None),
                (concurrent.futures.TimeoutError(), pb.TIMEOUT, None), (ReadTimeout(), pb.TIMEOUT, None),
                (asyncio.CancelledError(), pb.CANCELLED, None), (KeyboardInterrupt(), pb.CANCELLED, None),
                (GeneratorExit(), pb.CANCELLED, None), (StatusError(429), pb.RATE_LIMITED, None),
                (StatusError(429, retry_after_s=2), pb.RATE_LIMITED, 2000),
                (with_response(429, retry_after="3"), pb.RATE_LIMITED, 3000),
                (with_response(429, retry_after="0.5"), pb.RATE_LIMITED, 500),
                (with_response(429, retry_after="nan"), pb.RATE_LIMITED, None),
                (with_response(429, retry_after="1e99"), pb.RATE_LIMITED, 86_400_000),
                (with_response(429, retry_after="-1"), pb.RATE_LIMITED, 0),
                (with_response(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), pb.RATE_LIMITED, None),
                (StatusError(400), pb.CALLER, None), (StatusError(404), pb.CALLER, None),
                (StatusError(499), pb.CALLER, None), (StatusError(408), pb.TIMEOUT, None),
                (StatusError(500), pb.PROVIDER, None), (StatusError(503), pb.PROVIDER, None),
                (with_response(403), pb.CALLER, None), (ValueError("x"), pb.PROVIDER, None),
                (OSError("connection reset"), pb.PROVIDER, None)):
            with self.subTest(repr(error)):
                self.assertEqual(kind_of(error), (kind, retry_after_ms))

    def test_the_errors_of_openai(self):
        request = httpx.Request("POST", "http://localhost")
        self.assertEqual(kind_of(openai.APITimeoutError(request=request))[0], pb.TIMEOUT)
        self.assertEqual(kind_of(openai.APIConnectionError(request=request))[0], pb.PROVIDER)
        response = httpx.Response(429, request=request, headers={"Retry-After": "4"})
        limited = openai.RateLimitError("x", response=response, body=None)
        self.assertEqual(kind_of(limited), (pb.RATE_LIMITED, 4000))


class Usage(unittest.TestCase):
    def told(self, *args, **more):
        call = Call(pb.RouteRequest(decision_id="d"), None, "arm", "", lambda feedback, route: None, Span())
        call.usage(*args, **more)
        out = call._outcome
        return [getattr(out, name) if out.HasField(name) else None
                for name in ("input_tokens", "output_tokens", "cached_input_tokens", "cost_usd")]

    def test_it_is_read_from_what_libraries_give(self):
        of_openai = CompletionUsage(prompt_tokens=7, completion_tokens=8, total_tokens=15,
                                    prompt_tokens_details=PromptTokensDetails(cached_tokens=3))
        responses = types.SimpleNamespace(input_tokens=7, output_tokens=8,
                                          input_tokens_details=types.SimpleNamespace(cached_tokens=3))
        langchain = {"input_tokens": 7, "output_tokens": 8, "input_token_details": {"cache_read": 3}}
        for usage in (of_openai, of_openai.model_dump(), responses, langchain):
            with self.subTest(type(usage).__name__):
                self.assertEqual(self.told(usage), [7, 8, 3, None])

    def test_numbers_come_before_objects_and_what_is_missing_stays_away(self):
        self.assertEqual(self.told({"prompt_tokens": 7}, output_tokens=2, cost_usd=0.5), [7, 2, None, 0.5])
        self.assertEqual(self.told(None), [None] * 4)


class Chats(unittest.TestCase):
    def test_the_pool_of_a_model(self):
        self.assertEqual([pool_of(name) for name in ("auto", "pointsman/x", "pointsman/", "gpt-4o", None)],
                         ["", "x", None, None, None])

    def test_the_query_is_what_is_asked_now(self):
        messages = [{"role": "user", "content": "one"}, {"role": "tool", "content": "x" * 9},
                    {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "image_url"}]}]
        self.assertEqual([query_of(messages, turns) for turns in (1, 2, 9)], ["two", "one\ntwo", "one\ntwo"])


class Ratings(ServerTest):
    def test_a_quality_out_of_range_is_the_apps_mistake(self):
        with Router(**self.settings()) as router:
            with router.call("question") as call:
                pass
            for quality in (-0.1, 1.1, float("nan"), float("inf")):
                with self.subTest(quality), self.assertRaises(ValueError):
                    call.rate(quality)
                with self.subTest(quality), self.assertRaises(ValueError):
                    router.rate(call.id, quality)
            call.rate(0)
            router.rate(call.id, 1)
            self.assertEqual(self.outcome(router, call.id)["quality"], 1)

    def test_a_rating_within_the_block_goes_along(self):
        with Router(**self.settings()) as router:
            with router.call("question") as call:
                call.rate(0.25)
            self.assertEqual(self.outcome(router, call.id)["quality"], 0.25)

    def test_an_arm_that_was_not_called_teaches_nothing(self):
        with Router(**self.settings()) as router:
            with router.call("question") as call:
                call.not_served()
            self.assertTrue(router.flush(20))
            self.assertEqual(router.status().rejected, 0)
            self.assertFalse(any("latency_ms" in one for one in self.server.outcomes(call.id)))

    def test_a_very_long_query_is_routed(self):
        with Router(**self.settings()) as router:
            with router.call("word " * 2_000_000) as call:
                pass
            self.assertEqual(call.source, "server")
            self.outcome(router, call.id)

    def test_another_pool_and_preference(self):
        with Router(**self.settings()) as router:
            with router.call("question", pool="small", preference={"quality": 0.5, "cost": 0.5}) as call:
                pass
            self.outcome(router, call.id, "small")


class Deadline(ServerTest):
    def setUp(self):
        super().setUp()
        self.server.freeze()
        self.addCleanup(self.server.process.send_signal, signal.SIGCONT)

    def test_a_server_that_hangs_is_left_in_time(self):
        router = Router(**self.settings(deadline_s=0.05, default_arm="gpt-4o"))
        began = time.monotonic()
        with router.call("question") as call:
            took = time.monotonic() - began
        self.assertEqual((call.arm, call.source, call.why), ("gpt-4o", "default", "DEADLINE_EXCEEDED"))
        self.assertLess(took, 0.5)
        self.server.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.outcome(router, call.id)["arm"], "gpt-4o")
        router.close()

    def test_asyncio_too_and_other_tasks_go_on(self):
        async def main():
            router = AsyncRouter(**self.settings(deadline_s=0.2, default_arm="gpt-4o"))
            ticks = []

            async def tick():
                while True:
                    ticks.append(1)
                    await asyncio.sleep(0.01)
            ticking = asyncio.create_task(tick())
            async with router.call("question") as call:
                pass
            ticking.cancel()
            router._outbox.close(0)
            return call.source, len(ticks)

        source, ticks = asyncio.run(main())
        self.assertEqual(source, "default")
        self.assertGreater(ticks, 3)


if __name__ == "__main__":
    unittest.main()
