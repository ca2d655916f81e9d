"""LiteLLM's Router, routed.

    models = litellm.Router(model_list=[
        {"model_name": "auto", "litellm_params": {"model": "openai/gpt-4o"}},
        {"model_name": "auto", "litellm_params": {"model": "anthropic/claude-sonnet-4"}}])
    install(models, router)
    answer = models.completion(model="auto", messages=[...])
    router.rate(decision_of(answer), 1.0)

Of the deployments with the model_name "auto" or "pointsman/POOL", the one is called whose arm Pointsman chose. The
arm of a deployment is its model_info["pointsman_arm"], or else its model without the provider: "gpt-4o". Only arms that
have a deployment are asked for. Each retry of LiteLLM's is a decision of its own. Other names are spread at random.
"""
import asyncio
import collections
import itertools
import random
import threading
import time
import weakref
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Tuple

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.types.router import CustomRoutingStrategyBase

from ._call import Call
from ._chat import limits_of, pool_of, query_of
from .aio import AsyncRouter
from .router import Router

# In the metadata of LiteLLM's request: the id of the decision, for the hooks.
KEY = "pointsman_decision_id"
# LiteLLM tells nothing of a stream that the app stopped to read.
GIVEN_UP_AFTER_S = 900.0


def install(models: "litellm.Router", router: Optional[Router] = None, *, async_router: Optional[AsyncRouter] = None,
            turns: int = 1) -> "Strategy":
    """Lets Pointsman choose the deployments of `models`, and report how they did.

    router: for completion, and for acompletion, where it routes in a thread. async_router: for acompletion.
    turns: the query is the text of so many of the last user turns.
    """
    strategy = Strategy(models, router, async_router, turns)
    register = getattr(models, "register_plugin", None) or models.set_custom_routing_strategy
    register(strategy)
    if _hooks not in litellm.callbacks:
        litellm.callbacks.append(_hooks)
    return strategy


def decision_of(response: Any) -> str:
    """The id of a response's or stream's decision, to rate it."""
    held = (getattr(response, "_hidden_params", None) or {}).get("litellm_call_id")
    if not isinstance(held, str) or len(held) != 32:  # LiteLLM's own ids have dashes
        raise ValueError("this is no response of a litellm.Router with pointsman.litellm.install, or its model was not "
                         "routed, or its call had a litellm_call_id of the app's")
    return held


def arm_of(deployment: Mapping[str, Any]) -> str:
    named = (deployment.get("model_info") or {}).get("pointsman_arm")
    return named or deployment["litellm_params"]["model"].split("/", 1)[-1]


class Strategy(CustomRoutingStrategyBase):
    """What LiteLLM's Router asks for a deployment."""

    def __init__(self, models: "litellm.Router", router: Optional[Router], async_router: Optional[AsyncRouter],
                 turns: int):
        if router is None and async_router is None:
            raise TypeError("install needs a Router or an AsyncRouter")
        self._models = weakref.ref(models)
        self._router, self._async_router, self._turns = router, async_router, turns

    def get_available_deployment(self, model: str, messages: Any = None, input: Any = None,  # noqa: A002
                                 specific_deployment: Any = False, request_kwargs: Any = None) -> Any:
        deployments, route = self._asked(model, messages, request_kwargs)
        if route is None:
            return random.choice(deployments)
        if self._router is None:
            raise TypeError("completion needs a pointsman.Router; install got an AsyncRouter only")
        return self._chosen(self._router.call(**route), deployments, request_kwargs)

    async def async_get_available_deployment(self, model: str, messages: Any = None, input: Any = None,  # noqa: A002
                                             specific_deployment: Any = False, request_kwargs: Any = None) -> Any:
        deployments, route = self._asked(model, messages, request_kwargs)
        if route is None:
            return random.choice(deployments)
        if self._async_router is not None:
            call = await self._async_router.call(**route)
        else:
            router = self._router
            call = await asyncio.get_running_loop().run_in_executor(None, lambda: router.call(**route))
        return self._chosen(call, deployments, request_kwargs)

    def _asked(self, model: str, messages: Any, asked: Any) -> Tuple[List[Any], Optional[Dict[str, Any]]]:
        """The deployments of the name, and what to route; None if it is not routed."""
        models = self._models()
        registry = getattr(models, "registry", None)
        found = registry().deployments(model) if registry else models.get_model_list(model_name=model)
        if not found:
            raise ValueError(f"litellm.Router has no deployment with model_name {model!r}")
        pool = pool_of(model)
        # Without messages it is no chat, but for example an embedding.
        if pool is None or not messages or not isinstance(asked, dict):
            return found, None
        route: Dict[str, Any] = {"query": query_of(messages, self._turns), **limits_of(asked)}
        route["constraints"] = {"allow_arms": sorted({arm_of(deployment) for deployment in found})}
        if pool:
            route["pool"] = pool
        return found, route

    def _chosen(self, call: Call, deployments: List[Any], asked: Dict[str, Any]) -> Any:
        fitting = [deployment for deployment in deployments if arm_of(deployment) == call.arm]
        if not fitting:
            call.not_served()
            call.end()
            raise ValueError(f"no deployment is the arm {call.arm!r}; name it in one's model_info, as pointsman_arm")
        metadata = asked.get("metadata") or {}
        if asked.get("litellm_call_id") in (None, metadata.get(KEY)):  # none of the app's own
            asked["litellm_call_id"] = call.id  # it comes back in the response (see decision_of)
        # A dictionary of this request's own: the app may use one for many requests.
        asked["metadata"] = {**metadata, KEY: call.id}
        _hooks.expect(call)
        return random.choice(fitting)


class PointsmanHooks(CustomLogger):
    """What LiteLLM tells of the calls that were routed. One for all: LiteLLM calls one of each class name."""

    def __init__(self) -> None:
        super().__init__()
        self._mutex = threading.Lock()
        self._open: "collections.OrderedDict[str, Tuple[float, Call]]" = collections.OrderedDict()

    def expect(self, call: Call) -> None:
        """The call is made now."""
        now = time.monotonic()
        with self._mutex:
            self._open[call.id] = (now, call)
            old = [one for began, one in itertools.islice(self._open.values(), 2) if now - began > GIVEN_UP_AFTER_S]
            for one in old:
                del self._open[one.id]
        for one in old:
            one.end(asyncio.CancelledError("nothing was heard of it"))

    def waiting(self) -> List[str]:
        """The decisions of which nothing was told yet."""
        with self._mutex:
            return list(self._open)

    def _end(self, kwargs: Dict[str, Any], response: Any, start: Any, end: Any, error: Optional[BaseException]) -> None:
        params = kwargs.get("litellm_params") or {}
        decision = (params.get("metadata") or {}).get(KEY)
        with self._mutex:
            _, call = self._open.pop(decision, (0.0, None))
        if call is None:  # not routed, or it was reported already
            return
        # The hooks run later, in a thread or a task. LiteLLM's own clock has the times.
        start = kwargs.get("api_call_start_time") or start
        if error is None:
            call.usage(getattr(response, "usage", None), cost_usd=kwargs.get("response_cost") or None)
            first = kwargs.get("completion_start_time")
            if kwargs.get("stream") and _ms(start, first) is not None:
                call.first_token(_ms(start, first))
        call.end(error, latency_ms=_ms(start, end))

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._end(kwargs, response_obj, start_time, end_time, None)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._end(kwargs, response_obj, start_time, end_time, None)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._end(kwargs, response_obj, start_time, end_time, _error_of(kwargs))

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._end(kwargs, response_obj, start_time, end_time, _error_of(kwargs))


_hooks = PointsmanHooks()


def _error_of(kwargs: Mapping[str, Any]) -> BaseException:
    error = kwargs.get("exception")
    return error if isinstance(error, BaseException) else RuntimeError(str(error))


def _ms(start: Any, end: Any) -> Optional[float]:
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    return max(0.0, 1000 * (end - start).total_seconds())
