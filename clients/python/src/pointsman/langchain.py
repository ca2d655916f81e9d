"""A chat model for LangChain that routes.

    model = RoutedChatModel(router=router, models={"gpt-4o": ChatOpenAI(model="gpt-4o"), ...})
    answer = model.invoke("how far is the moon?")
    router.rate(answer.response_metadata["pointsman"]["decision_id"], 1.0)

Each call is routed, and goes to the model of the arm. Latency, first token, usage_metadata and failures are reported.
"""
import asyncio
import contextlib
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from ._base import Preference
from ._call import Call
from ._chat import text_of

# The tools of bind_tools on their way to the model of the arm, which has its own way to write them.
TOOLS = "pointsman_tools"


class RoutedChatModel(BaseChatModel):
    """router: a Router. async_router: an AsyncRouter for ainvoke and astream; without it they route in a thread.

    models: the chat model of each arm, as a mapping or a function of the arm's name. turns: the query is the text of so
    many of the last human messages. pool, preference: instead of the router's.
    """

    router: Any
    models: Union[Mapping[str, Any], Callable[[str], Any]]
    async_router: Any = None
    turns: int = 1
    pool: Optional[str] = None
    preference: Optional[Any] = None

    @property
    def _llm_type(self) -> str:
        return "pointsman"

    @property
    def _identifying_params(self) -> Dict[str, Any]:
        return {"pool": self.pool}

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self.bind(**{TOOLS: (list(tools), kwargs)})

    # ---- one answer

    def _generate(self, messages: List[BaseMessage], stop: Optional[List[str]] = None, run_manager: Any = None,
                  **kwargs: Any) -> ChatResult:
        with self._route(messages) as call:
            model, kwargs = self._model_of(call.arm, kwargs)
            result = model._generate(messages, stop=stop, run_manager=run_manager, **kwargs)
            _note(call, result)
        return result

    async def _agenerate(self, messages: List[BaseMessage], stop: Optional[List[str]] = None, run_manager: Any = None,
                         **kwargs: Any) -> ChatResult:
        async with await self._aroute(messages) as call:
            model, kwargs = self._model_of(call.arm, kwargs)
            result = await model._agenerate(messages, stop=stop, run_manager=run_manager, **kwargs)
            _note(call, result)
        return result

    # ---- a streamed answer

    def _stream(self, messages: List[BaseMessage], stop: Optional[List[str]] = None, run_manager: Any = None,
                **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        call = self._route(messages)
        with _Reading(call) as reading:
            model, kwargs = self._model_of(call.arm, kwargs)
            if type(model)._stream is BaseChatModel._stream:  # it cannot stream
                yield _chunk_of(model._generate(messages, stop=stop, run_manager=run_manager, **kwargs), reading)
                return
            for chunk in model._stream(messages, stop=stop, run_manager=run_manager, **kwargs):
                yield reading.saw(chunk)

    async def _astream(self, messages: List[BaseMessage], stop: Optional[List[str]] = None, run_manager: Any = None,
                       **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        call = await self._aroute(messages)
        with _Reading(call) as reading:
            model, kwargs = self._model_of(call.arm, kwargs)
            kind = type(model)
            if kind._stream is BaseChatModel._stream and kind._astream is BaseChatModel._astream:
                result = await model._agenerate(messages, stop=stop, run_manager=run_manager, **kwargs)
                yield _chunk_of(result, reading)
                return
            async for chunk in model._astream(messages, stop=stop, run_manager=run_manager, **kwargs):
                yield reading.saw(chunk)

    # ---- routing

    def _asked(self, messages: List[BaseMessage]) -> Tuple[str, Dict[str, Any]]:
        asked = [text_of(message.content) for message in messages if message.type == "human"]
        if not asked:
            raise ValueError("messages: there is no human one, so there is nothing to route by")
        return "\n".join(asked[-max(1, self.turns):]), {"pool": self.pool, "preference": self.preference}

    def _route(self, messages: List[BaseMessage]) -> Call:
        query, more = self._asked(messages)
        return self.router.call(query, **more)

    async def _aroute(self, messages: List[BaseMessage]) -> Call:
        query, more = self._asked(messages)
        if self.async_router is not None:
            return await self.async_router.call(query, **more)
        return await asyncio.get_running_loop().run_in_executor(None, lambda: self.router.call(query, **more))

    def _model_of(self, arm: str, kwargs: Dict[str, Any]) -> Tuple[Any, Dict[str, Any]]:
        """The arm's model, and the call's keywords with what is bound to the model."""
        if isinstance(self.models, Mapping):
            if arm not in self.models:
                raise KeyError(f"models has none for the arm {arm!r}; it has {sorted(self.models)}")
            model = self.models[arm]
        else:
            model = self.models(arm)
        kwargs = dict(kwargs)
        tools = kwargs.pop(TOOLS, None)
        if tools is not None:
            model = _unbound(model, kwargs)
            model = model.bind_tools(tools[0], **tools[1])
        return _unbound(model, kwargs), kwargs


def _unbound(model: Any, kwargs: Dict[str, Any]) -> Any:
    """The model without `bind`, whose keywords go into kwargs, where they are not there already."""
    while not isinstance(model, BaseChatModel):
        if not hasattr(model, "bound"):
            raise TypeError(f"the model of an arm must be a chat model, got {type(model).__name__}")
        for name, value in model.kwargs.items():
            kwargs.setdefault(name, value)
        model = model.bound
    return model


def _about(call: Call) -> Dict[str, Any]:
    return {"decision_id": call.id, "arm": call.arm, "source": call.source, "propensity": call.propensity}


def _note(call: Call, result: ChatResult) -> None:
    for generation in result.generations:
        message = generation.message
        message.response_metadata = {**message.response_metadata, "pointsman": _about(call)}
        call.usage(getattr(message, "usage_metadata", None))


def _chunk_of(result: ChatResult, reading: "_Reading") -> ChatGenerationChunk:
    from langchain_core.messages import AIMessageChunk

    message = result.generations[0].message
    return reading.saw(ChatGenerationChunk(message=AIMessageChunk(
        content=message.content, id=message.id, additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata, usage_metadata=getattr(message, "usage_metadata", None),
        tool_call_chunks=[{"name": tool["name"], "args": _json(tool["args"]), "id": tool["id"], "index": index}
                          for index, tool in enumerate(getattr(message, "tool_calls", []))])))


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


class _Reading(contextlib.AbstractContextManager):  # type: ignore[type-arg]
    """A streamed answer. If it is left early, that is CANCELLED, but for one that has its finish_reason already."""

    def __init__(self, call: Call):
        self._call = call
        self._is_first, self._is_whole = True, False
        self._usage: Dict[str, int] = {}

    def saw(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        message = chunk.message
        if message.content or getattr(message, "tool_call_chunks", None):
            self._call.first_token()
        usage = getattr(message, "usage_metadata", None)
        if usage:  # LangChain's chunks have parts, to be added up
            told = {"input_tokens": usage.get("input_tokens"), "output_tokens": usage.get("output_tokens"),
                    "cached_input_tokens": (usage.get("input_token_details") or {}).get("cache_read")}
            for name, count in told.items():
                if count is not None:
                    self._usage[name] = self._usage.get(name, 0) + count
            self._call.usage(**self._usage)
        if any(message.response_metadata.get(name) for name in ("finish_reason", "stop_reason", "done_reason")):
            self._is_whole = True
        if self._is_first:  # once, since LangChain adds up the texts of all chunks
            message.response_metadata = {**message.response_metadata, "pointsman": _about(self._call)}
            self._is_first = False
        return chunk

    def __exit__(self, _type: Any, error: Optional[BaseException], _traceback: Any) -> None:
        if isinstance(error, GeneratorExit) and self._is_whole:
            error = None
        self._call.end(error)
