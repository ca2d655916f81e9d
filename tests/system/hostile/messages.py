"""The few messages of proto/pointsman/v1 that the hostile clients send, made by hand: attackers need no stubs."""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import leb128  # noqa: E402  (from the folder above)

ROUTE = "/pointsman.v1.Router/Route"
ROUTE_BATCH = "/pointsman.v1.Router/RouteBatch"
ROUTE_STREAM = "/pointsman.v1.Router/RouteStream"
FEEDBACK_STREAM = "/pointsman.v1.Router/FeedbackStream"
FEEDBACK = "/pointsman.v1.Router/Feedback"
PUT_POOL = "/pointsman.v1.Admin/PutPool"
GET_STATS = "/pointsman.v1.Admin/GetStats"
HEALTH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
APPLIED = 1


def number(field, value):
    return leb128.pack(field << 3) + leb128.pack(value)


def real(field, value):
    return leb128.pack(field << 3 | 1) + struct.pack("<d", value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return leb128.pack(field << 3 | 2) + leb128.pack(len(value)) + value


def fields(message):
    """The fields of a message: {number: [values]}; texts and messages as bytes."""
    found = {}
    at = 0
    while at < len(message):
        key, at = leb128.unpack(message, at)
        kind = key & 7
        if kind == 0:
            value, at = leb128.unpack(message, at)
        else:
            length, at = ({1: 8, 5: 4}[kind], at) if kind in (1, 5) else leb128.unpack(message, at)
            value = message[at:at + length]
            at += length
        found.setdefault(key >> 3, []).append(value)
    return found


def route(pool, query, explain=False):
    return data(1, pool) + data(2, query) + (number(11, 1) if explain else b"")


def route_batch(pool, query, count):
    """Every item with each candidate's reason: the largest answer for the smallest request."""
    return data(1, pool) + data(2, data(2, query) + number(11, 1)) * count


def stream_message(items):
    """A message of RouteStream or FeedbackStream: {id: request}."""
    return b"".join(data(1, number(1, i) + data(2, request)) for i, request in items.items())


def stream_answers(message):
    """{id: response}, without items that failed."""
    items = map(fields, fields(message).get(1, []))
    return {item.get(1, [0])[0]: item[2][0] for item in items if 2 in item}


def feedback(pool, decision_id, quality, feedback_id=""):
    return data(1, pool) + data(2, decision_id) + data(3, feedback_id) + real(5, quality)


def decision_id(route_response):
    return fields(route_response)[1][0].decode()


def put_pool(name, arms):
    return data(1, name) + b"".join(data(3, data(1, f"arm-{i}") + data(2, f"answers questions of kind {i}"))
                                    for i in range(arms))


def get_stats(pool):
    return data(1, pool)


def outcomes(get_stats_response):
    """All outcomes of a pool, and the sum over its arms."""
    found = fields(get_stats_response)
    return found.get(4, [0])[0], sum(fields(arm).get(5, [0])[0] for arm in found.get(6, []))
