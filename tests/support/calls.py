"""Calls without stubs."""
import grpc


def code_of(channel, path, metadata=()):
    """The status code of a call with an empty message."""
    try:
        channel.unary_unary(path)(b"", metadata=metadata, timeout=10)
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()
