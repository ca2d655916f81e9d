"""The OpenAI SDK, routed.

    client = wrap(OpenAI(), router)
    answer = client.chat.completions.create(model="auto", messages=[...])
    call_of(answer).rate(1.0)

`model="auto"` and `model="pointsman/POOL"` are routed, in chat.completions.create and .parse. The arm's name is the
model that OpenAI gets. Latency, tokens and failures are reported. Every other model and every other part of the client
is the client's own, and so are with_raw_response, with_streaming_response and chat.completions.stream.
"""
import contextlib
import inspect
import weakref
from typing import Any, Awaitable, Callable, Dict, Optional, Tuple, TypeVar, Union

import openai

from ._base import Preference
from ._call import Call
from ._chat import Watch, limits_of, pool_of, query_of
from .aio import AsyncRouter
from .router import Router, Tries

C = TypeVar("C")
# The call of each response that is alive. Not within the response, so that model_dump, == and pickle do not see it.
_calls: Dict[int, Tuple["weakref.ref[Any]", Call]] = {}


def wrap(client: C, router: Union[Router, AsyncRouter], *, turns: int = 1, fallbacks: bool = False, arms: int = 3,
         preference: Optional[Preference] = None) -> C:
    """The client, routed. OpenAI goes with Router, AsyncOpenAI with AsyncRouter. `client` itself stays as it is.

    turns: the query is the text of so many of the last user turns. fallbacks: if an arm fails, the next one is tried,
    `arms` at most; a streamed answer is past that once it has begun.
    """
    is_async = isinstance(client, openai.AsyncOpenAI)
    if is_async != isinstance(router, AsyncRouter):
        raise TypeError("OpenAI goes with pointsman.Router, and AsyncOpenAI with pointsman.AsyncRouter")
    completions = _AsyncCompletions if is_async else _Completions
    return _Client(client, lambda inner: completions(inner, router, turns, fallbacks, arms, preference))  # type: ignore


def call_of(response: object) -> Call:
    """The call of a response or stream of a wrapped client, to rate it."""
    if isinstance(response, (_Stream, _AsyncStream)):
        return response.call
    held = _calls.get(id(response))
    if held is None or held[0]() is not response:
        raise ValueError("this is no response of a client from pointsman.openai.wrap, or its model was not routed")
    return held[1]


def _hold(response: Any, call: Call) -> Any:
    key = id(response)
    _calls[key] = (weakref.ref(response, lambda _: _calls.pop(key, None)), call)
    return response


class _Proxy:
    """Everything is the inner object's, but for what the class defines."""

    def __init__(self, inner: Any):
        object.__setattr__(self, "_inner", inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_pm_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._inner, name, value)

    def __dir__(self) -> Any:
        return dir(self._inner)

    def __repr__(self) -> str:
        return f"pointsman.openai({self._inner!r})"

    @property
    def __class__(self) -> type:  # so that isinstance holds, for libraries that ask
        return type(self._inner)


class _Client(_Proxy):
    def __init__(self, inner: Any, completions: Callable[[Any], Any]):
        super().__init__(inner)
        self._pm_completions = completions

    @property
    def chat(self) -> Any:
        return _Chat(self._inner.chat, self._pm_completions)

    def with_options(self, **options: Any) -> Any:
        return _Client(self._inner.with_options(**options), self._pm_completions)

    copy = with_options

    def __enter__(self) -> Any:
        self._inner.__enter__()
        return self

    def __exit__(self, *how: Any) -> Any:
        return self._inner.__exit__(*how)

    async def __aenter__(self) -> Any:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *how: Any) -> Any:
        return await self._inner.__aexit__(*how)


class _Chat(_Proxy):
    def __init__(self, inner: Any, completions: Callable[[Any], Any]):
        super().__init__(inner)
        self._pm_completions = completions

    @property
    def completions(self) -> Any:
        return self._pm_completions(self._inner.completions)


class _Routing(_Proxy):
    def __init__(self, inner: Any, router: Any, turns: int, fallbacks: bool, arms: int,
                 preference: Optional[Preference]):
        super().__init__(inner)
        self._pm_router, self._pm_turns = router, turns
        self._pm_fallbacks, self._pm_arms, self._pm_preference = fallbacks, arms, preference

    def _pm_route(self, asked: Dict[str, Any], pool: str) -> Dict[str, Any]:
        """What Router.call and Router.run get."""
        route = {"query": query_of(asked.get("messages"), self._pm_turns), "preference": self._pm_preference,
                 "arms": self._pm_arms if self._pm_fallbacks else 1, **limits_of(asked)}
        return {**route, "pool": pool} if pool else route


class _Completions(_Routing):
    def create(self, **asked: Any) -> Any:
        return self._pm_do(self._inner.create, asked)

    def parse(self, **asked: Any) -> Any:
        return self._pm_do(self._inner.parse, asked)

    def _pm_do(self, method: Callable[..., Any], asked: Dict[str, Any]) -> Any:
        pool = pool_of(asked.get("model"))
        if pool is None:
            return method(**asked)
        route = self._pm_route(asked, pool)
        if asked.get("stream"):
            return self._pm_stream(method, asked, route)
        if self._pm_fallbacks:
            return self._pm_run(method, asked, route)
        with self._pm_router.call(**route) as call:
            response = method(**{**asked, "model": call.arm})
            call.usage(getattr(response, "usage", None))
        return _hold(response, call)

    def _pm_run(self, method: Callable[..., Any], asked: Dict[str, Any], route: Dict[str, Any]) -> Any:
        calls = []

        def one(arm: str) -> Any:
            response = method(**{**asked, "model": arm})
            calls[0].usage(getattr(response, "usage", None))
            return response

        return _hold(self._pm_router.run(function=one, on_call=calls.append, **route), calls[0])

    def _pm_stream(self, method: Callable[..., Any], asked: Dict[str, Any], route: Dict[str, Any]) -> "_Stream":
        begun = _Beginning(self._pm_router.call(**route), self._pm_fallbacks)
        while True:
            try:
                stream = method(**{**asked, "model": begun.arm})
            except BaseException as error:
                if begun.failed(error):
                    raise
            else:
                return _Stream(stream, begun.watch())


class _AsyncCompletions(_Routing):
    async def create(self, **asked: Any) -> Any:
        return await self._pm_do(self._inner.create, asked)

    async def parse(self, **asked: Any) -> Any:
        return await self._pm_do(self._inner.parse, asked)

    async def _pm_do(self, method: Callable[..., Awaitable[Any]], asked: Dict[str, Any]) -> Any:
        pool = pool_of(asked.get("model"))
        if pool is None:
            return await method(**asked)
        route = self._pm_route(asked, pool)
        if asked.get("stream"):
            return await self._pm_stream(method, asked, route)
        if self._pm_fallbacks:
            return await self._pm_run(method, asked, route)
        async with self._pm_router.call(**route) as call:
            response = await method(**{**asked, "model": call.arm})
            call.usage(getattr(response, "usage", None))
        return _hold(response, call)

    async def _pm_run(self, method: Callable[..., Awaitable[Any]], asked: Dict[str, Any], route: Dict[str, Any]) -> Any:
        calls = []

        async def one(arm: str) -> Any:
            response = await method(**{**asked, "model": arm})
            calls[0].usage(getattr(response, "usage", None))
            return response

        return _hold(await self._pm_router.run(function=one, on_call=calls.append, **route), calls[0])

    async def _pm_stream(self, method: Callable[..., Awaitable[Any]], asked: Dict[str, Any],
                         route: Dict[str, Any]) -> "_AsyncStream":
        begun = _Beginning(await self._pm_router.call(**route), self._pm_fallbacks)
        while True:
            try:
                stream = await method(**{**asked, "model": begun.arm})
            except BaseException as error:
                if begun.failed(error):
                    raise
            else:
                return _AsyncStream(stream, begun.watch())


class _Beginning:
    """The tries until a streamed answer begins. Without fallbacks there is one."""

    def __init__(self, call: Call, has_fallbacks: bool):
        self._call = call
        self._tries = Tries(call) if has_fallbacks else None
        self._left = list(call.fallbacks) if has_fallbacks else []
        self.arm = call.arm

    def failed(self, error: BaseException) -> bool:
        """True: that was the last try."""
        if self._tries is None:
            self._call.end(error)
            return True
        if self._tries.failed(self.arm, error):
            return True
        self.arm = self._left.pop(0)
        return False

    def watch(self) -> Watch:
        def end(error: Optional[BaseException]) -> None:
            if self._tries is None:
                self._call.end(error)
            elif error is None:
                self._tries.succeeded(self.arm)
            else:
                self._tries.failed(self.arm, error, is_last=True)

        return Watch(self._call, end)


class _Watched(_Proxy):
    """A stream of OpenAI's, watched (see Watch)."""

    def __init__(self, inner: Any, watch: Watch):
        super().__init__(inner)
        self._pm_watch = watch

    @property
    def call(self) -> Call:
        return self._pm_watch.call

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # at the end of the process much is gone
            self._pm_watch.leave()


class _Stream(_Watched):
    def __next__(self) -> Any:
        try:
            chunk = next(self._inner)
        except StopIteration:
            self._pm_watch.end()
            raise
        except BaseException as error:
            self._pm_watch.end(error)
            raise
        self._pm_watch.saw(chunk)
        return chunk

    def __iter__(self) -> Any:
        return self

    def close(self) -> None:
        self._pm_watch.leave()
        self._inner.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class _AsyncStream(_Watched):
    async def __anext__(self) -> Any:
        try:
            chunk = await self._inner.__anext__()
        except StopAsyncIteration:
            self._pm_watch.end()
            raise
        except BaseException as error:
            self._pm_watch.end(error)
            raise
        self._pm_watch.saw(chunk)
        return chunk

    def __aiter__(self) -> Any:
        return self

    async def close(self) -> None:
        self._pm_watch.leave()
        await self._inner.close()

    async def aclose(self) -> None:
        self._pm_watch.leave()
        closing = getattr(self._inner, "aclose", self._inner.close)()
        if inspect.isawaitable(closing):
            await closing

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()
