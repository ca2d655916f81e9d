"""An app that asks pointsmand which model should answer, and works without it too.

Reads commands from standard input and prints one JSON object for each:
  ask TEXT                              which arm should answer?
  rate DECISION_ID QUALITY RATING_ID    how good was the answer, from 0 to 1
  deliver                               send the feedback that was kept while pointsmand was away
"""
import argparse
import json
import os
import sys
import threading
import time
import uuid

import grpc

from pointsman.v1 import router_pb2, router_pb2_grpc

# Worth another try later. Any other code says that the request is wrong: fix it, do not repeat it.
TEMPORARY = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,  # what gRPC answers for a server that is just shutting down
)
# Unless told, gRPC may wait two minutes before it looks for a restarted server.
CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class Pointsman:
    def __init__(self, args):
        self.args = args
        self.stub = router_pb2_grpc.RouterStub(
            grpc.insecure_channel(args.server, options=CHANNEL_OPTIONS))
        # Decisions that pointsmand may not know yet. An app with a database keeps them there.
        self.unanswered = {}
        self.lock = threading.Lock()  # of the file of kept feedback: one process, many threads

    def ask(self, query):
        # The app's own id: the same id again gets the same decision, so a repeat is harmless.
        route = {"pool": self.args.pool, "query": query, "decision_id": str(uuid.uuid4())}
        try:
            answer = self.stub.Route(router_pb2.RouteRequest(**route),
                                     timeout=self.args.route_deadline_ms / 1000)
        except grpc.RpcError as error:
            if error.code() not in TEMPORARY:
                raise
            self.unanswered[route["decision_id"]] = route
            return {"decision_id": route["decision_id"], "arm": self.args.default_arm,
                    "source": "fallback", "why": error.code().name}
        return {"decision_id": answer.decision_id, "arm": answer.arm, "source": "pointsmand",
                "propensity": answer.propensity, "logged": answer.logged}

    def rate(self, decision_id, quality, rating_id):
        item = {"feedback": {"pool": self.args.pool, "decision_id": decision_id,
                             "feedback_id": rating_id, "quality": quality,
                             "at_unix_ms": int(time.time() * 1000)}}
        if decision_id in self.unanswered:
            item["route"] = self.unanswered[decision_id]
            item["feedback"]["served_arm"] = self.args.default_arm
        try:
            return {"feedback": self.send(item, wait=False)}
        except grpc.RpcError as error:
            if error.code() not in TEMPORARY:
                raise
            self.keep(item)
            return {"feedback": "KEPT", "why": error.code().name}

    def send(self, item, wait):
        """One piece of feedback; first the decision, if pointsmand did not answer when asked."""
        timeout = self.args.feedback_deadline_ms / 1000
        if "route" in item:
            self.stub.Route(router_pb2.RouteRequest(**item["route"]), timeout=timeout,
                            wait_for_ready=wait)
        answer = self.stub.Feedback(router_pb2.FeedbackRequest(**item["feedback"]),
                                    timeout=timeout, wait_for_ready=wait)
        return router_pb2.FeedbackResult.Name(answer.result)

    def kept(self):
        try:
            with open(self.args.kept, encoding="utf-8") as file:
                return file.readlines()
        except FileNotFoundError:
            return []

    def write(self, path, mode, lines):
        with open(path, mode, encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())

    def keep(self, item):
        with self.lock:
            self.write(self.args.kept, "a", [json.dumps(item) + "\n"])

    def deliver(self):
        """Call it at the start and every minute. Ending half way is harmless: what is sent twice
        has the same feedback_id and is counted once."""
        results = []
        done = set()
        for line in self.kept():
            try:
                results.append(self.send(json.loads(line), wait=True))
            except grpc.RpcError as error:
                if error.code() in TEMPORARY:
                    break
                results.append(f"REFUSED {error.code().name}: {error.details()}")
            done.add(line)
        with self.lock:
            rest = [line for line in self.kept() if line not in done]
            self.write(self.args.kept + ".new", "w", rest)
            os.replace(self.args.kept + ".new", self.args.kept)
        return {"delivered": results, "kept": len(rest)}


def run(app, line):
    command, _, rest = line.rstrip("\n").partition(" ")
    if command == "ask":
        return app.ask(rest)
    if command == "rate":
        decision_id, quality, rating_id = rest.split(" ")
        return app.rate(decision_id, float(quality), rating_id)
    if command == "deliver":
        return app.deliver()
    raise SystemExit(f"unknown command {command!r}; there are ask, rate and deliver")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="127.0.0.1:7717", help="HOST:PORT of pointsmand")
    parser.add_argument("--pool", default="default")
    parser.add_argument("--default-arm", required=True, help="answers if pointsmand does not")
    parser.add_argument("--kept", default="kept-feedback.jsonl", help="file of unsent feedback")
    parser.add_argument("--route-deadline-ms", type=int, default=200)
    parser.add_argument("--feedback-deadline-ms", type=int, default=2000)
    app = Pointsman(parser.parse_args())
    for line in sys.stdin:
        try:
            answer = run(app, line)
        except grpc.RpcError as error:
            answer = {"error": error.code().name, "message": error.details()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
