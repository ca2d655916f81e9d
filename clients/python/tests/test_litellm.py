"""LiteLLM's Router, routed, against OpenAI's API on this machine."""
import asyncio
import os
import unittest
import warnings

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch one otherwise

import litellm  # noqa: E402
from support import ARMS, FakeOpenAITest, until  # noqa: E402

from pointsman import AsyncRouter, Router  # noqa: E402
from pointsman.litellm import _hooks, decision_of, install  # noqa: E402

ASKED = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "how far is the moon?"}]


def text_of(chunk):
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


class LiteLLMTest(FakeOpenAITest):
    def setUp(self):
        super().setUp()
        warnings.simplefilter("ignore")
        litellm.suppress_debug_info = True
        self.models, self.strategy = self.make(self.router)

    def make(self, router=None, num_retries=0, **more):
        name, model = "model_name", "litellm_params"
        deployments = [{name: group, model: {"model": f"openai/{arm}", "api_base": self.fake.url, "api_key": "none"}}
                       for group in ("auto", "pointsman/small") for arm in ARMS]
        deployments.append({name: "other", model: deployments[0][model]})
        models = litellm.Router(model_list=deployments, num_retries=num_retries)
        return models, install(models, router, **more)

    def ids(self):
        """The decisions that are not reported yet."""
        return _hooks.waiting()

    def reported(self, decision_id, pool="default"):
        until(lambda: decision_id not in self.ids())
        return self.outcome(self.router, decision_id, pool)

    def test_an_answer_is_routed_measured_and_rated(self):
        answer = self.models.completion(model="auto", messages=ASKED)
        self.assertEqual(answer.choices[0].message.content, "the moon is far")
        decision_id = decision_of(answer)
        outcome = self.reported(decision_id)
        self.assertEqual(self.fake.models(), [outcome["arm"]])
        self.assertEqual((outcome["input_tokens"], outcome["output_tokens"]), (11, 5))
        self.assertGreater(outcome["latency_ms"], 0)
        self.router.rate(decision_id, 0.5)
        self.assertEqual(self.reported(decision_id)["quality"], 0.5)

    def test_the_cost_is_litellms(self):
        for _ in range(20):
            outcome = self.reported(decision_of(self.models.completion(model="auto", messages=ASKED)))
            if outcome["arm"].startswith("gpt"):
                break
        self.assertGreater(outcome["cost_usd"], 0)

    def test_a_pool_of_its_own(self):
        answer = self.models.completion(model="pointsman/small", messages=ASKED)
        self.reported(decision_of(answer), "small")

    def test_other_models_are_not_routed(self):
        answer = self.models.completion(model="other", messages=ASKED)
        with self.assertRaises(ValueError):
            decision_of(answer)
        self.assertEqual(self.ids(), [])

    def test_the_metadata_of_the_app_stays_as_it_is(self):
        mine = {"user": "me"}
        self.reported(decision_of(self.models.completion(model="auto", messages=ASKED, metadata=mine)))
        self.assertNotIn("pointsman_decision_id", mine)

    def test_a_streamed_answer_has_first_token_and_usage(self):
        stream = self.models.completion(model="auto", messages=ASKED, stream=True,
                                        stream_options={"include_usage": True})
        ids = self.ids()
        text = "".join(map(text_of, stream))
        self.assertEqual(text, "the moon is far")
        outcome = self.reported(ids[0])
        self.assertEqual((outcome["input_tokens"], outcome["output_tokens"]), (11, 5))
        self.assertGreater(outcome["first_token_ms"], 0)
        self.assertGreater(outcome["latency_ms"], outcome["first_token_ms"])

    def spied(self):
        """The decisions of the deployments that are chosen from now on."""
        ids, chosen = [], self.strategy._chosen

        def spy(call, *more):
            ids.append(call.id)
            return chosen(call, *more)
        self.strategy._chosen = spy
        return ids

    def test_each_retry_is_a_decision(self):
        self.models, self.strategy = self.make(self.router, num_retries=1)
        ids = self.spied()
        self.fake.behaviour = dict.fromkeys(ARMS, "broken")
        with self.assertRaises(litellm.InternalServerError):
            self.models.completion(model="auto", messages=ASKED)
        self.assertEqual([self.reported(one)["error_kind"] for one in ids], ["PROVIDER"] * 2)
        self.fake.behaviour = {}
        del ids[:]
        self.assertEqual(decision_of(self.models.completion(model="auto", messages=ASKED)), ids[0])

    def test_the_decision_of_an_answer_is_that_of_its_last_try(self):
        self.models, self.strategy = self.make(self.router, num_retries=1)
        ids, answer = self.spied(), self.fake.answer

        def fail_once(handler, body):
            self.fake.answer = answer
            self.fake.send(handler, 500, {"error": {"message": "once", "type": "once"}}, {})
        self.fake.answer = fail_once
        decision_id = decision_of(self.models.completion(model="auto", messages=ASKED))
        self.assertEqual((len(ids), ids[-1]), (2, decision_id))

    def test_failures_by_kind(self):
        for behaviour, kind in {"broken": "PROVIDER", "refused": "CALLER", "limited": "RATE_LIMITED"}.items():
            with self.subTest(behaviour):
                self.fake.behaviour = dict.fromkeys(ARMS, behaviour)
                models, self.strategy = self.make(self.router)  # LiteLLM rests the old one's deployments
                ids = self.spied()
                with self.assertRaises(Exception):
                    models.completion(model="auto", messages=ASKED)
                outcome = self.reported(ids[0])
                self.assertEqual(outcome["error_kind"], kind)
                if kind == "RATE_LIMITED":
                    self.assertEqual(outcome["retry_after_ms"], 7000)

    def test_asyncio_with_a_router_of_either_kind(self):
        async def main(models):
            answer = await models.acompletion(model="auto", messages=ASKED)
            stream = await models.acompletion(model="auto", messages=ASKED, stream=True,
                                              stream_options={"include_usage": True})
            text = "".join([text_of(chunk) async for chunk in stream])
            self.fake.behaviour = dict.fromkeys(ARMS, "broken")
            with self.assertRaises(litellm.InternalServerError):
                await models.acompletion(model="auto", messages=ASKED)
            self.fake.behaviour = {}
            for _ in range(200):  # the hooks run in tasks
                await asyncio.sleep(0.02)
                if not self.ids():
                    break
            return decision_of(answer), text

        async def with_async_router():
            async with AsyncRouter(**self.settings()) as router:
                models, self.strategy = self.make(async_router=router)
                return await main(models)

        for work in (lambda: main(self.models), with_async_router):
            decision_id, text = asyncio.run(work())
            self.assertEqual(text, "the moon is far")
            self.assertEqual(self.reported(decision_id)["output_tokens"], 5)
            self.assertEqual(self.ids(), [])


if __name__ == "__main__":
    unittest.main()
