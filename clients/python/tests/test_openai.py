"""The OpenAI SDK, routed, against OpenAI's API on this machine."""
import asyncio
import gc
import pickle
import unittest

import openai
from support import ARMS, FakeOpenAITest

from pointsman import AsyncRouter
from pointsman.openai import call_of, wrap

ASKED = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"},
         {"role": "assistant", "content": "hi"},
         {"role": "user", "content": [{"type": "text", "text": "how far is"}, {"type": "text", "text": "the moon?"}]}]


class OpenAITest(FakeOpenAITest):
    def setUp(self):
        super().setUp()
        self.raw = self.client()

    def client(self, kind=openai.OpenAI, **more):
        return kind(base_url=self.fake.url, api_key="none", **{"max_retries": 0, **more})

    def all_arms(self, behaviour):
        self.fake.behaviour = dict.fromkeys(ARMS, behaviour)



class Answers(OpenAITest):
    def test_auto_is_routed_measured_and_rated(self):
        client = wrap(self.raw, self.router)
        answer = client.chat.completions.create(model="auto", messages=ASKED, max_tokens=100)
        call = call_of(answer)
        self.assertIn(call.arm, ARMS)
        self.assertEqual(self.fake.models(), [call.arm])
        self.assertEqual(answer.choices[0].message.content, "the moon is far")
        self.assertEqual(call._request.query, "how far is\nthe moon?")
        self.assertEqual(call._request.max_output_tokens, 100)
        call.rate(0.75)
        outcome = self.outcome(self.router, call.id)
        self.assertEqual((outcome["arm"], outcome["quality"]), (call.arm, 0.75))
        self.assertEqual((outcome["input_tokens"], outcome["output_tokens"]), (11, 5))
        self.assertGreater(outcome["latency_ms"], 0)

    def test_a_pool_and_more_turns_are_routed(self):
        client = wrap(self.raw, self.router, turns=2)
        call = call_of(client.chat.completions.create(model="pointsman/small", messages=ASKED))
        self.assertEqual(call._request.query, "hello\nhow far is\nthe moon?")
        self.outcome(self.router, call.id, "small")

    def test_the_call_does_not_show_in_the_answer(self):
        client = wrap(self.raw, self.router)
        answer = client.chat.completions.create(model="auto", messages=ASKED)
        plain = self.raw.chat.completions.create(model=call_of(answer).arm, messages=ASKED)
        self.assertEqual(answer.model_dump(), plain.model_dump())
        self.assertEqual(pickle.loads(pickle.dumps(answer)), answer)
        with self.assertRaises(ValueError):
            call_of(plain)

    def test_other_models_and_attributes_are_the_clients_own(self):
        client = wrap(self.raw, self.router)
        answer = client.chat.completions.create(model="gpt-9", messages=ASKED)
        self.assertEqual(self.fake.models(), ["gpt-9"])
        with self.assertRaises(ValueError):
            call_of(answer)
        self.assertEqual(client.base_url, self.raw.base_url)
        self.assertIsInstance(client, openai.OpenAI)
        self.assertIsNot(type(client), type(self.raw))
        self.assertEqual(self.raw.chat.completions.create.__func__, type(self.raw.chat.completions).create)
        raw = client.chat.completions.with_raw_response.create(model="gpt-9", messages=ASKED)
        self.assertEqual(raw.status_code, 200)
        with client.with_options(timeout=5) as other:
            call_of(other.chat.completions.create(model="auto", messages=ASKED))

    def test_the_kind_of_client_and_router_must_fit(self):
        with self.assertRaises(TypeError):
            wrap(self.client(openai.AsyncOpenAI), self.router)

    def test_without_a_user_turn_there_is_nothing_to_route_by(self):
        with self.assertRaisesRegex(ValueError, "role user"):
            wrap(self.raw, self.router).chat.completions.create(model="auto", messages=ASKED[:1])


class Failures(OpenAITest):
    def fail(self, behaviour, error, **options):  # noqa: A003
        self.all_arms(behaviour)
        calls = []
        router = self.router
        route = router.call

        class Spy:
            def __getattr__(self, name):
                return getattr(router, name)

            def call(self, *args, **more):
                calls.append(route(*args, **more))
                return calls[-1]

        client = wrap(self.client(**options), Spy())
        with self.assertRaises(error):
            client.chat.completions.create(model="auto", messages=ASKED)
        return self.outcome(router, calls[0].id)

    def test_too_many_requests_has_its_retry_after(self):
        outcome = self.fail("limited", openai.RateLimitError)
        self.assertEqual((outcome["error_kind"], outcome["retry_after_ms"]), ("RATE_LIMITED", 7000))

    def test_a_server_error_is_the_providers(self):
        self.assertEqual(self.fail("broken", openai.InternalServerError)["error_kind"], "PROVIDER")

    def test_a_bad_request_is_the_callers(self):
        self.assertEqual(self.fail("refused", openai.BadRequestError)["error_kind"], "CALLER")

    def test_a_slow_answer_is_a_timeout(self):
        outcome = self.fail("slow", openai.APITimeoutError, timeout=0.2)
        self.assertEqual(outcome["error_kind"], "TIMEOUT")
        self.assertGreater(outcome["latency_ms"], 150)

    def test_fallbacks_go_on_to_the_next_arm(self):
        self.all_arms("broken")
        self.fake.behaviour["gpt-4o-mini"] = "ok"
        answer = wrap(self.raw, self.router, fallbacks=True).chat.completions.create(model="auto", messages=ASKED)
        call = call_of(answer)
        self.assertEqual(call.arm, "gpt-4o-mini")
        self.assertEqual(self.fake.models()[-1], "gpt-4o-mini")
        self.router.flush(20)
        kinds = {one["arm"]: one.get("error_kind", "") for one in self.server.outcomes(call.id)}
        self.assertEqual(kinds, {arm: "PROVIDER" for arm in self.fake.models()[:-1]} | {"gpt-4o-mini": ""})

    def test_fallbacks_of_a_stream_go_on_until_it_begins(self):
        self.all_arms("broken")
        self.fake.behaviour["gpt-4o-mini"] = "ok"
        client = wrap(self.raw, self.router, fallbacks=True)
        stream = client.chat.completions.create(model="auto", messages=ASKED, stream=True)
        call = call_of(stream)
        self.assertEqual("".join(one.choices[0].delta.content or "" for one in stream), "the moon is far")
        self.router.flush(20)
        outcomes = {one["arm"]: one for one in self.server.outcomes(call.id)}
        self.assertEqual(set(outcomes), set(self.fake.models()))
        self.assertGreater(outcomes["gpt-4o-mini"]["latency_ms"], 50)
        self.assertNotIn("error_kind", outcomes["gpt-4o-mini"])


class Streams(OpenAITest):
    def stream(self, **more):
        return wrap(self.raw, self.router).chat.completions.create(model="auto", messages=ASKED, stream=True, **more)

    def test_a_stream_has_first_token_and_usage(self):
        stream = self.stream(stream_options={"include_usage": True})
        self.assertEqual(stream.response.status_code, 200)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        self.assertEqual(text, "the moon is far")
        call_of(stream).rate(1.0)
        outcome = self.outcome(self.router, call_of(stream).id)
        self.assertGreater(outcome["first_token_ms"], 20)
        self.assertGreater(outcome["latency_ms"], outcome["first_token_ms"])
        self.assertEqual((outcome["input_tokens"], outcome["output_tokens"]), (11, 5))

    def test_a_stream_is_a_context_manager(self):
        with self.stream() as stream:
            self.assertEqual(len(list(stream)), 6)
        self.assertNotIn("error_kind", self.outcome(self.router, call_of(stream).id))

    def test_a_closed_stream_is_cancelled(self):
        with self.stream() as stream:
            next(stream)
        self.assertEqual(self.outcome(self.router, stream.call.id)["error_kind"], "CANCELLED")

    def test_a_forgotten_stream_is_cancelled(self):
        stream = self.stream()
        next(stream)
        call = stream.call
        del stream
        gc.collect()
        self.assertEqual(self.outcome(self.router, call.id)["error_kind"], "CANCELLED")

    def test_an_exception_of_the_app_within_a_stream_is_not_the_arms(self):
        with self.assertRaises(KeyError), self.stream() as stream:
            next(stream)
            raise KeyError("the app's own")
        self.assertEqual(self.outcome(self.router, stream.call.id)["error_kind"], "CANCELLED")

    def test_a_stream_left_after_its_finish_reason_is_whole(self):
        with self.stream(stream_options={"include_usage": True}) as stream:
            for chunk in stream:
                if chunk.choices[0].finish_reason:
                    break
        self.assertNotIn("error_kind", self.outcome(self.router, stream.call.id))

    def test_an_error_within_a_stream_is_the_providers(self):
        self.all_arms("cut")
        stream = self.stream()
        with self.assertRaises(openai.APIError):
            list(stream)
        self.assertEqual(self.outcome(self.router, stream.call.id)["error_kind"], "PROVIDER")


class Asyncio(OpenAITest):
    def run_async(self, work):
        async def main():
            async with AsyncRouter(**self.settings()) as router, self.client(openai.AsyncOpenAI) as raw:
                return await work(router, wrap(raw, router))
        return asyncio.run(main())

    def test_answers_failures_and_streams(self):
        async def work(router, client):
            answer = await client.chat.completions.create(model="auto", messages=ASKED)
            stream = await client.chat.completions.create(model="auto", messages=ASKED, stream=True,
                                                          stream_options={"include_usage": True})
            text = ""
            async for chunk in stream:
                text += chunk.choices[0].delta.content or "" if chunk.choices else ""
            async with await client.chat.completions.create(model="auto", messages=ASKED, stream=True) as left:
                await left.__anext__()
            return call_of(answer), call_of(stream), call_of(left), text

        answer, stream, left, text = self.run_async(work)
        self.assertEqual(text, "the moon is far")
        self.assertEqual(self.outcome(self.router, answer.id)["output_tokens"], 5)
        self.assertEqual(self.outcome(self.router, stream.id)["output_tokens"], 5)
        self.assertGreater(self.outcome(self.router, stream.id)["first_token_ms"], 20)
        self.assertEqual(self.outcome(self.router, left.id)["error_kind"], "CANCELLED")

    def test_a_cancelled_task_is_cancelled(self):
        self.all_arms("slow")
        ids = []

        async def work(router, client):
            route = router._route

            async def spy(*args):
                call = await route(*args)
                ids.append(call.id)
                return call
            router._route = spy
            task = asyncio.create_task(client.chat.completions.create(model="auto", messages=ASKED))
            while not self.fake.seen:
                await asyncio.sleep(0.01)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        self.run_async(work)
        self.assertEqual(self.outcome(self.router, ids[0])["error_kind"], "CANCELLED")

    def test_fallbacks(self):
        self.all_arms("broken")
        self.fake.behaviour["gpt-4o"] = "ok"

        async def main():
            async with AsyncRouter(**self.settings()) as router, self.client(openai.AsyncOpenAI) as raw:
                client = wrap(raw, router, fallbacks=True)
                answer = await client.chat.completions.create(model="auto", messages=ASKED)
                stream = await client.chat.completions.create(model="auto", messages=ASKED, stream=True)
                chunks = [chunk async for chunk in stream]
                return call_of(answer).arm, call_of(stream).arm, len(chunks)

        self.assertEqual(asyncio.run(main()), ("gpt-4o", "gpt-4o", 6))


if __name__ == "__main__":
    unittest.main()
