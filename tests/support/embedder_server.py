"""A server of the OpenAI-compatible embeddings API for tests: vectors by a table of words, and every fault.

usage: embedder_server.py [--port N] [--dimension D] [--delay-ms MS] [--jitter-ms MS] [--mode MODE]
Prints its port. Reads commands from its standard input, a line each, and answers each with a line:
  mode MODE       from now on: ok, hang, close, half, nonsense, count, nan, zero, wrong_dimension, huge,
                  redirect, or a status such as 500, 429, 401, 400
  delay MS        answers so long after the call
  refuse WORD     status 400 for calls with this word in a text ("" for none)
  times N         the mode holds for N calls, then it is ok
  stats           {"calls":, "texts":, "largest":, "connections":, "authorization":, "model":, "body_bytes":,
                  "p50_ms":, "p99_ms":}, of its own time for a call
It ends when its standard input does.
"""
import argparse
import asyncio
import hashlib
import json
import random
import sys
import time


class Embedder:
    def __init__(self, options):
        self.dimension = options.dimension
        self.delay_ms = options.delay_ms
        self.jitter_ms = options.jitter_ms
        self.mode = options.mode
        self.times = -1
        self.refuse = ""
        self.words = {}
        self.stats = {"calls": 0, "texts": 0, "largest": 0, "connections": 0, "authorization": "", "model": "",
                      "body_bytes": 0}
        self.took_ms = []

    def word(self, word):
        """Where a word points: one entry of the vector, and its sign."""
        if word not in self.words:
            digest = hashlib.md5(word.encode()).digest()
            self.words[word] = (int.from_bytes(digest[:4], "little") % self.dimension, 1 if digest[4] & 1 else -1)
        return self.words[word]

    def vector(self, text):
        vector = [0.0] * self.dimension
        vector[0] = 0.01
        for word in text.lower().split():
            at, sign = self.word(word)
            vector[at] += sign
        return vector

    def command(self, line):
        verb, _, rest = line.strip().partition(" ")
        if verb == "mode":
            self.mode, self.times = rest, -1
        elif verb == "times":
            self.times = int(rest)
        elif verb == "delay":
            self.delay_ms = float(rest)
        elif verb == "refuse":
            self.refuse = rest
        elif verb == "stats":
            took = sorted(self.took_ms) or [0]
            return json.dumps(self.stats | {"p50_ms": round(took[len(took) // 2], 2),
                                            "p99_ms": round(took[len(took) * 99 // 100], 2)})
        else:
            return f"unknown command {verb}"
        return "ok"

    def take_mode(self):
        mode = self.mode
        if self.times > 0:
            self.times -= 1
            if self.times == 0:
                self.mode, self.times = "ok", -1
        return mode

    def answer(self, mode, request):
        texts = request["input"]
        if mode == "count":
            texts = texts[:-1]
        vectors = [self.vector(text) for text in texts]
        if mode == "wrong_dimension":
            vectors = [vector + [1.0] for vector in vectors]
        if mode == "zero":
            vectors = [[0.0] * self.dimension for _ in vectors]
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        random.shuffle(data)  # an index says whose each is
        tokens = sum(len(text.split()) for text in texts)
        body = json.dumps({"object": "list", "data": data, "model": request["model"],
                           "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})
        return body.replace("0.01", "NaN") if mode == "nan" else body

    async def serve(self, reader, writer):
        self.stats["connections"] += 1
        try:
            while await self.one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {}
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        began = time.perf_counter()
        request = json.loads(body)
        stats = self.stats
        stats["calls"] += 1
        stats["texts"] += len(request["input"])
        stats["largest"] = max(stats["largest"], len(request["input"]))
        stats["authorization"] = headers.get("authorization", "")
        stats["model"] = request["model"]
        stats["body_bytes"] += len(body)
        mode = self.take_mode()
        delay_ms = self.delay_ms + random.uniform(0, self.jitter_ms)
        if delay_ms > 0:
            await asyncio.sleep(delay_ms / 1000)
        is_open = await self.send(mode, request, writer)
        self.took_ms.append((time.perf_counter() - began) * 1000)
        return is_open

    async def send(self, mode, request, writer):
        status, answer, extra = "200 OK", "", ""
        if mode == "hang":
            await asyncio.sleep(3600)
        if mode == "close":
            return False
        if mode.isdigit():
            status = f"{mode} Fault"
            answer = json.dumps({"error": {"message": "told to fail; the key is " + self.stats["authorization"]}})
            extra = "Retry-After: 1\r\n" if mode == "429" else ""
        elif self.refuse and any(self.refuse in text for text in request["input"]):
            status, answer = "400 Bad Request", json.dumps({"error": {"message": "a text is refused"}})
        elif mode == "nonsense":
            answer = "<html>this is no embeddings API</html>"
        elif mode == "huge":
            answer = "[" * (3 << 20)
        elif mode == "redirect":
            status, extra = "302 Found", "Location: http://127.0.0.1:1/\r\n"
        else:
            answer = self.answer(mode, request)
        payload = answer.encode()
        length = len(payload) + (1000 if mode == "half" else 0)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{extra}"
                     f"Content-Length: {length}\r\n\r\n".encode() + payload)
        await writer.drain()
        return mode != "half"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dimension", type=int, default=32)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--jitter-ms", type=float, default=0)
    parser.add_argument("--mode", default="ok")
    embedder = Embedder(parser.parse_args())
    server = await asyncio.start_server(embedder.serve, "127.0.0.1", parser.parse_args().port, limit=1 << 26)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(embedder.command(line.decode()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
