"""gRPC in a child of fork.

gRPC has threads of its own, and a child of fork has none of them: a call there ends the process or hangs, also over a
new channel. Only with GRPC_ENABLE_FORK_SUPPORT=1 in the environment, before grpc is imported, does a new channel work.
So without it this package leaves gRPC alone in the child of a process that used it.
"""
import os

_TRUE = ("1", "true", "yes")
IS_SUPPORTED = os.environ.get("GRPC_ENABLE_FORK_SUPPORT", "").lower() in _TRUE

_is_used = _is_broken = False


def uses_grpc() -> None:
    """This process makes a channel."""
    global _is_used
    _is_used = True


def is_broken() -> bool:
    """gRPC must not be used: this is the child of a process that did."""
    return _is_broken


def _in_child() -> None:
    global _is_broken
    _is_broken = _is_broken or (_is_used and not IS_SUPPORTED)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
