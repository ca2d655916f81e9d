"""Lists a server's calls by gRPC reflection, and makes requests for them."""
import pathlib
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))
from messages import data, fields  # noqa: E402

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def ask(channel, metadata, number, text):
    """One question to the reflection service: 7 lists services, 4 gives the files of a symbol."""
    call = channel.stream_stream(REFLECTION)
    answers = list(call(iter([data(number, text)]), metadata=metadata, timeout=30))
    return fields(answers[0])


class Reflected:
    """The services of a server, with their methods as protobuf descriptors."""

    def __init__(self, channel, metadata=()):
        listed = fields(ask(channel, metadata, 7, "*")[6][0])[1]
        self.services = [fields(service)[1][0].decode() for service in listed]
        self.pool = descriptor_pool.DescriptorPool()
        self.channel, self.metadata = channel, metadata
        self.known = set()
        self.unknown = []  # services without method descriptors
        for service in self.services:
            self._add(service)

    def _add(self, symbol):
        answer = ask(self.channel, self.metadata, 4, symbol)
        if 4 not in answer:  # gRPC's own health service has no descriptor
            self.unknown.append(symbol)
            return
        for raw in fields(answer[4][0])[1]:
            file = descriptor_pb2.FileDescriptorProto.FromString(raw)
            if file.name in self.known:
                continue
            self.known.add(file.name)
            # Its imports come with it, but perhaps after it.
            try:
                self.pool.Add(file)
            except (TypeError, KeyError) as why:
                raise ValueError(f"{file.name} cannot be read: {why}") from why

    def methods(self):
        """(service, method descriptor) of every method of every service."""
        for name in self.services:
            if name in self.unknown:
                continue
            for method in self.pool.FindServiceByName(name).methods:
                yield name, method

    def request(self, descriptor):
        return message_factory.MessageFactory(self.pool).GetPrototype(descriptor)()


def name_pool(request, pool):
    """Sets the pool in a request, wherever it has one. False: it has none."""
    by_name = {field.name: field for field in request.DESCRIPTOR.fields}
    if "pool" in by_name and by_name["pool"].type == by_name["pool"].TYPE_STRING:
        request.pool = pool
        return True
    for part in ("start", "request"):  # of a stream
        if part in by_name:
            return name_pool(getattr(request, part), pool)
    if "items" in by_name:  # of a stream of items: one
        return name_pool(request.items.add(), pool)
    if "name" in by_name and request.DESCRIPTOR.name.endswith("PoolRequest"):
        request.name = pool
        return True
    return False


def error_of_item(answer):
    """The code of the error that the item of a stream has in its answer: field 1, in that 3, and in that 1 and 2."""
    parts = fields(fields(answer)[1][0])
    if 3 not in parts:
        return grpc.StatusCode.OK, ""
    error = fields(parts[3][0])
    code = next(code for code in grpc.StatusCode if code.value[0] == error[1][0])
    return code, error[2][0].decode()


def call(channel, service, method, messages, metadata, timeout=30):
    """The code of one call by its descriptor, whatever streams it has."""
    def serialize(message):
        return message.SerializeToString()
    proto = descriptor_pb2.MethodDescriptorProto()
    method.CopyToProto(proto)
    kind = ("stream" if proto.client_streaming else "unary") + "_" + (
        "stream" if proto.server_streaming else "unary")
    stub = getattr(channel, kind)(f"/{service}/{method.name}", request_serializer=serialize)
    sent = iter(messages) if proto.client_streaming else messages[0]
    try:
        answer = stub(sent, metadata=metadata, timeout=timeout)
        if proto.server_streaming:
            first = next(answer, None)
            answer.cancel()
            has_items = first and method.name in ("RouteStream", "FeedbackStream")
            return error_of_item(first) if has_items else (grpc.StatusCode.OK, "")
        return grpc.StatusCode.OK, ""
    except grpc.RpcError as error:
        return error.code(), error.details()
