"""The client for asyncio. Only Route is awaited: feedback goes to the outbox, whose thread sends it."""
import asyncio
from typing import Any, Awaitable, Callable, Optional, TypeVar

import grpc
import grpc.aio

from ._base import CLOSE_S, Base, Preference
from ._call import Call
from ._tracing import Span
from .router import Tries

T = TypeVar("T")


class _Entering:
    """`async with router.call(query) as call`, and `call = await router.call(query)`."""

    def __init__(self, routing: Awaitable[Call]):
        self._routing = routing
        self._call: Optional[Call] = None

    def __await__(self):
        return self._routing.__await__()

    async def __aenter__(self) -> Call:
        self._call = await self._routing
        return self._call

    async def __aexit__(self, _type, error, _traceback) -> None:
        self._call.end(error)


class AsyncRouter(Base):
    """As Router, in an event loop. Make it within the loop that uses it."""

    _library = grpc.aio

    def call(self, query: str, *, pool: Optional[str] = None, preference: Optional[Preference] = None, arms: int = 1,
             **more: Any) -> _Entering:
        """As Router.call. Use it as `async with router.call(query) as call:`, and call `call.arm` in the block."""
        return _Entering(self._route(query, pool, preference, arms, more))

    async def _route(self, query: str, pool: Optional[str], preference: Optional[Preference], arms: int,
                     more: dict) -> Call:
        request = self._request(query, pool, preference, arms, more)
        response, why = None, "FORKED" if self._is_forked() else ""
        span = Span()
        try:
            if not why:
                response = await self._routing.stub().Route(request, timeout=self._deadline_s,
                                                            metadata=tuple(self._metadata() + span.metadata()))
        except grpc.RpcError as error:
            why = self._why_default(error, span)
        except asyncio.CancelledError as error:
            span.end(error)
            raise
        return Call(request, response, self._default_arm or "", why, self._report, span)

    async def run(self, query: str, function: Callable[[str], Awaitable[T]], *, arms: int = 3,
                  on_call: Optional[Callable[[Call], None]] = None, **more: Any) -> T:
        """As Router.run, with an async function."""
        call = await self.call(query, arms=arms, **more)
        if on_call:
            on_call(call)
        tries = Tries(call)
        for arm in tries.arms:
            try:
                result = await function(arm)
            except BaseException as error:
                if tries.failed(arm, error):
                    raise
            else:
                tries.succeeded(arm)
                return result
        raise AssertionError("the last try returns or raises")

    async def aclose(self) -> None:
        """Sends what it can within two seconds. The rest waits in the outbox."""
        await asyncio.get_running_loop().run_in_executor(None, self._outbox.close, CLOSE_S)
        closing = self._routing.close()
        if closing is not None:
            await closing
        self._sending.close()

    async def __aenter__(self) -> "AsyncRouter":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
