"""Whole numbers in as few bytes as they need, seven bits in each: protobuf's, and the longer ones of HPACK."""


def pack(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def unpack(data, at):
    """The number that starts at `at`, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
