"""Joins pointsman-load's results for the scenarios of script/bench into one table and one JSON file."""
import argparse
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--json", required=True)
parser.add_argument("--start-ms", type=int, required=True)
parser.add_argument("--idle-rss-kb", type=int, required=True)
parser.add_argument("--batch", type=int, required=True)
options = parser.parse_args()


def read(name):
    return json.loads((options.folder / f"{name}.json").read_text())


mixed, route, feedback, batch = (read(n) for n in ("mixed", "route", "feedback", "batch"))
feedback_batch, stream, stream_route = (read(n) for n in ("feedback-batch", "stream", "stream-route"))
FIGURES = ("p50_us", "p90_us", "p99_us", "p999_us", "throughput", "server_cpu_us", "errors")


def figures(report, phase):
    return {key: report["phases"][phase][key] for key in FIGURES}


out = {"empty": figures(mixed, "empty"), "route": figures(mixed, "mixed"),
       "route_alone": figures(route, "route"), "feedback": figures(feedback, "feedback"),
       "batch": figures(batch, "batch"), "feedback_batch": figures(feedback_batch, "feedback-batch"),
       "stream": figures(stream, "mixed"), "stream_route": figures(stream_route, "route")}
# Beside every Route one Feedback ran, whose own cost, as measured alone, is taken off in units of the
# empty calls that each was measured beside.
pair = mixed["ratio"]["mixed"]["cpu"]
out["ratio"] = {**mixed["ratio"]["mixed"], "cpu_with_feedback": pair,
                "cpu": pair - feedback["ratio"]["feedback"]["cpu"],
                "cpu_route_alone": route["ratio"]["route"]["cpu"],
                "throughput_route_alone": route["ratio"]["route"]["throughput"],
                "cpu_feedback": feedback["ratio"]["feedback"]["cpu"],
                "cpu_per_decision_of_batch": (out["batch"]["server_cpu_us"] / options.batch
                                              / out["empty"]["server_cpu_us"]),
                "cpu_per_feedback_of_batch": feedback_batch["ratio"]["feedback-batch"]["cpu"] / options.batch,
                "cpu_stream_with_feedback": stream["ratio"]["mixed"]["cpu"],
                "cpu_stream_route": stream_route["ratio"]["route"]["cpu"]}
out["route"]["server_cpu_us_with_feedback"] = out["route"]["server_cpu_us"]
out["route"]["server_cpu_us"] = out["ratio"]["cpu"] * out["empty"]["server_cpu_us"]
out["batch"]["server_cpu_us_per_decision"] = out["batch"]["server_cpu_us"] / options.batch
out["recall"] = mixed["recall"]["neighbours"]
out["rss_mb"] = batch["rss_mb"]["last"]
out["idle_rss_mb"] = options.idle_rss_kb / 1024
out["start_ms"] = options.start_ms
rows = [("empty", out["empty"]), ("route, feedback 1:1", out["route"]),
        ("  its feedback", mixed["phases"]["mixed"]["feedback"]), ("route alone", out["route_alone"]),
        ("feedback alone", out["feedback"]), (f"batch of {options.batch}", out["batch"]),
        (f"{options.batch} feedbacks", out["feedback_batch"]), ("stream, feedback 1:1", out["stream"]),
        ("stream of routes", out["stream_route"])]
for path in sorted(options.folder.glob("open-*.json"), key=lambda p: int(p.stem.split("-")[1])):
    rate = path.stem.split("-")[1]
    report = json.loads(path.read_text())
    out[f"open_{rate}"] = {"empty": figures(report, "empty"), "route": figures(report, "route"),
                           "ratio": report["ratio"]["route"]}
    rows += [(f"empty at {rate}/s", report["phases"]["empty"]),
             (f"route at {rate}/s", report["phases"]["route"])]


def us(value):
    return f"{value:.0f} us" if value < 10000 else f"{value / 1000:.1f} ms"


def cpu(row):
    return us(row["server_cpu_us"]) if "server_cpu_us" in row else ""


print(f"\n{'':20} {'p50':>9} {'p90':>9} {'p99':>9} {'p99.9':>9} {'calls/s':>8} {'CPU/call':>9} {'errors':>6}")
for name, row in rows:
    print(f"{name:20} {us(row['p50_us']):>9} {us(row['p90_us']):>9} {us(row['p99_us']):>9} "
          f"{us(row['p999_us']):>9} {row['throughput']:>8.0f} {cpu(row):>9} {row['errors']:>6}")
r = out["ratio"]
print(f"""
in empty calls (medians of turns that ran side by side):
  CPU of a Route with Feedback running  {r['cpu']:.2f}   ({r['cpu_with_feedback']:.2f} with its Feedback, which alone is {r['cpu_feedback']:.2f})
  CPU of a Route alone                  {r['cpu_route_alone']:.2f}
  CPU of a decision in a batch          {r['cpu_per_decision_of_batch']:.2f}
  CPU of a feedback in a batch          {r['cpu_per_feedback_of_batch']:.2f}
  CPU of a Route by stream              {r['cpu_stream_route']:.2f}   ({r['cpu_stream_with_feedback']:.2f} with its Feedback by stream)
  p50 {r['p50']:.2f}, p99 {r['p99']:.2f}, calls/s {r['throughput']:.2f} with Feedback running; calls/s alone {r['throughput_route_alone']:.2f}
recall of the neighbours' search {out['recall']:.3f}; RSS {out['rss_mb']:.0f} MB, idle {out['idle_rss_mb']:.0f} MB; start to listening {out['start_ms']} ms""")
pathlib.Path(options.json).write_text(json.dumps(out, indent=1) + "\n")
