"""RoutedChatModel with LangChain's fake models and its ChatOpenAI, against OpenAI's API on this machine."""
import asyncio
import unittest

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from support import ARMS, FakeOpenAITest

from pointsman import AsyncRouter
from pointsman.langchain import RoutedChatModel

ASKED = [SystemMessage("be brief"), HumanMessage("hello"), AIMessage("hi"), HumanMessage("how far is the moon?")]


def far(body: str) -> str:
    """How far a body is."""
    return body


class LangChainTest(FakeOpenAITest):
    def setUp(self):
        super().setUp()
        self.calls = []
        route = self.router.call

        def spy(*args, **more):
            self.calls.append(route(*args, **more))
            return self.calls[-1]
        self.router.call = spy

    def openai(self, arm, **more):
        return ChatOpenAI(model=arm, base_url=self.fake.url, api_key="none", max_retries=0, stream_usage=True, **more)

    def routed(self, **more):
        return RoutedChatModel(router=self.router, models={arm: self.openai(arm) for arm in ARMS}, **more)

    def check(self, message):
        about = message.response_metadata["pointsman"]
        self.assertEqual(self.fake.models(), [about["arm"]])
        self.router.rate(about["decision_id"], 0.5)
        outcome = self.outcome(self.router, about["decision_id"])
        self.assertEqual((outcome["arm"], outcome["quality"]), (about["arm"], 0.5))
        self.assertEqual((outcome["input_tokens"], outcome["output_tokens"]), (11, 5))
        return outcome

    def test_an_answer_is_routed_measured_and_rated(self):
        answer = self.routed().invoke(ASKED)
        self.assertEqual(answer.content, "the moon is far")
        self.assertEqual(self.calls[0]._request.query, "how far is the moon?")
        self.check(answer)

    def test_it_is_a_part_of_a_chain(self):
        chain = ChatPromptTemplate.from_messages([("human", "how far is {body}?")]) | self.routed(turns=2)
        self.check(chain.invoke({"body": "the sun"}))
        self.assertEqual(self.calls[0]._request.query, "how far is the sun?")

    def test_a_streamed_answer_has_its_first_token(self):
        whole = None
        for chunk in self.routed().stream(ASKED):
            whole = chunk if whole is None else whole + chunk
        self.assertEqual(whole.content, "the moon is far")
        outcome = self.check(whole)
        self.assertGreater(outcome["first_token_ms"], 20)
        self.assertGreater(outcome["latency_ms"], outcome["first_token_ms"])

    def test_a_stream_that_is_left_is_cancelled(self):
        stream = self.routed().stream(ASKED)
        next(stream)
        stream.close()
        self.assertEqual(self.outcome(self.router, self.calls[0].id)["error_kind"], "CANCELLED")

    def test_failures_are_reported_and_raised(self):
        self.fake.behaviour = dict.fromkeys(ARMS, "limited")
        with self.assertRaises(Exception) as raised:
            self.routed().invoke(ASKED)
        self.assertEqual(raised.exception.status_code, 429)
        outcome = self.outcome(self.router, self.calls[0].id)
        self.assertEqual((outcome["error_kind"], outcome["retry_after_ms"]), ("RATE_LIMITED", 7000))

    def test_tools_are_bound_to_the_model_of_the_arm(self):
        answer = self.routed().bind_tools([far], tool_choice="any").invoke(ASKED)
        self.assertEqual(answer.tool_calls[0]["args"], {"body": "moon"})
        self.assertEqual(self.fake.seen[0]["tools"][0]["function"]["name"], "far")
        self.assertEqual(self.fake.seen[0]["tool_choice"], "required")
        self.check(answer)

    def test_what_is_bound_goes_along(self):
        models = {arm: self.openai(arm).bind(top_p=0.5) for arm in ARMS}
        RoutedChatModel(router=self.router, models=models).bind(temperature=0.25).invoke(ASKED, stop=["end"])
        self.assertEqual([self.fake.seen[0][name] for name in ("temperature", "top_p", "stop")], [0.25, 0.5, ["end"]])

    def test_models_may_be_a_function_and_any_chat_model(self):
        model = RoutedChatModel(router=self.router, models=lambda arm: FakeListChatModel(responses=[f"I am {arm}"]))
        answer = model.invoke("who?")
        self.assertEqual(answer.content, f"I am {self.calls[0].arm}")
        text = "".join(chunk.content for chunk in model.stream("who?"))
        self.assertEqual(text, f"I am {self.calls[1].arm}")
        self.outcome(self.router, self.calls[1].id)

    def test_an_arm_without_a_model_is_named(self):
        with self.assertRaisesRegex(KeyError, "models has none"):
            RoutedChatModel(router=self.router, models={}).invoke("who?")

    def test_asyncio_with_a_router_of_either_kind(self):
        async def main():
            answer = await self.routed().ainvoke(ASKED)
            async with AsyncRouter(**self.settings()) as router:
                whole = None
                async for chunk in self.routed(async_router=router).astream(ASKED):
                    whole = chunk if whole is None else whole + chunk
            return answer, whole

        for message in asyncio.run(main()):
            outcome = self.outcome(self.router, message.response_metadata["pointsman"]["decision_id"])
            self.assertEqual(outcome["output_tokens"], 5)
        self.assertGreater(outcome["first_token_ms"], 20)


if __name__ == "__main__":
    unittest.main()
