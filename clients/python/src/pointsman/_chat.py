"""What the adapters share: what a conversation asks, which pool its model names, and the ends of streamed answers."""
import asyncio
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional

from ._call import Call, _get

POOL_PREFIX = "pointsman/"


def pool_of(model: object) -> Optional[str]:
    """The pool that a model's name stands for: "" is the router's own. None: a model like any other."""
    if model == "auto":
        return ""
    if isinstance(model, str) and model.startswith(POOL_PREFIX) and len(model) > len(POOL_PREFIX):
        return model[len(POOL_PREFIX):]
    return None


def text_of(content: object) -> str:
    """The text of a message's content: a string, or a list of parts of which some are not text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Iterable) or isinstance(content, Mapping):
        return ""
    texts = (part if isinstance(part, str) else _get(part, "text") for part in content)
    return "\n".join(text for text in texts if isinstance(text, str))


def query_of(messages: object, turns: int = 1) -> str:
    """The last user turns' text, since that is what the conversation asks now. As the server's OpenAI door does it."""
    if not isinstance(messages, (list, tuple)):
        messages = list(messages) if isinstance(messages, Iterable) else []
    asked = [text_of(_get(message, "content")) for message in messages if _get(message, "role") == "user"]
    if not asked:
        raise ValueError("messages: there is none with the role user, so there is nothing to route by")
    return "\n".join(asked[-max(1, turns):])


def limits_of(asked: Mapping[str, Any]) -> Dict[str, int]:
    """The fields of RouteRequest that an OpenAI request's own limits give."""
    for name in ("max_completion_tokens", "max_tokens"):
        most = asked.get(name)
        if isinstance(most, int) and most > 0:
            return {"max_output_tokens": most}
    return {}


class Watch:
    """Follows the chunks of a streamed answer in OpenAI's shape, and ends its call once.

    The end of the stream, or an error of it, ends the call. A stream that the app closes or forgets earlier counts as
    CANCELLED, since its latency and tokens are those of a part. But it is a whole answer, if a finish_reason was there:
    then only the usage was not waited for.
    """

    def __init__(self, call: Call, end: Callable[[Optional[BaseException]], None]):
        self.call, self._end = call, end
        self._is_whole = self._is_over = False

    def saw(self, chunk: object) -> None:
        usage = _get(chunk, "usage")
        if usage is not None:
            self.call.usage(usage)
        for choice in _get(chunk, "choices") or ():
            if _has_content(_get(choice, "delta")):
                self.call.first_token()
            if _get(choice, "finish_reason"):
                self._is_whole = True

    def end(self, error: Optional[BaseException] = None) -> None:
        if not self._is_over:
            self._is_over = True
            self._end(error)

    def leave(self) -> None:
        """The app reads no further."""
        self.end(None if self._is_whole else asyncio.CancelledError("the stream was not read to its end"))


def _has_content(delta: object) -> bool:
    if delta is None:
        return False
    names: List[str] = ["content", "tool_calls", "function_call", "refusal", "reasoning_content", "audio"]
    return any(_get(delta, name) for name in names)
