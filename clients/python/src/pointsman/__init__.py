"""Client of Pointsman, an online bandit routing service.

    router = Router("127.0.0.1:7717", default_arm="gpt-4o-mini")
    with router.call(query) as call:
        answer = llm(call.arm, query)
        call.usage(input_tokens=120, output_tokens=80)
    call.rate(1.0)  # now, or later: router.rate(call.id, 1.0)
"""
from ._call import Call
from ._errors import StatusError
from ._outbox import Status
from .aio import AsyncRouter
from .router import Router

__all__ = ["AsyncRouter", "Call", "Router", "Status", "StatusError"]
__version__ = "0.2.0"
