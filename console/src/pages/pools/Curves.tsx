// A pool's history as curves.
import { useMemo } from "preact/hooks";
import type { GetHistoryResponse, HistoryBucket } from "../../api/insight";
import { added, estimate, int, type Estimate } from "../../api/numbers";
import { colorNames, colorOf } from "../../charts/colors";
import { Lines, type Curve } from "../../charts/Lines";
import * as f from "../../text/format";
import { busiest, filled, shareOf, type Span } from "../../text/history";
import { Card } from "../../ui/parts";

const ARMS_DRAWN = 9;
const CLOCK = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });

const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });

type Bucket = HistoryBucket | undefined;

// A mean with its interval.
function banded(name: string, color: string, buckets: Bucket[], of: (bucket: HistoryBucket) => Estimate | undefined): Curve {
  const all = buckets.map((bucket) => (bucket ? of(bucket) : undefined));
  const half = (one: Estimate) => (Number.isFinite(one.half) ? one.half : 0);
  return { name, color, values: all.map((one) => one?.mean ?? null),
           low: all.map((one) => (one ? one.mean - half(one) : null)),
           high: all.map((one) => (one ? one.mean + half(one) : null)) };
}

const overArms = (get: "quality" | "costUsd" | "latencyMs") => (bucket: HistoryBucket) =>
  estimate(added((bucket.arms ?? []).map((one) => one[get])));

function shares(buckets: Bucket[]): Curve[] {
  const known = buckets.filter((one) => one !== undefined);
  const drawn = busiest(known).map((one) => one.arm).filter(Boolean).slice(0, ARMS_DRAWN);
  const colors = colorNames(drawn);
  const curves: Curve[] = drawn.map((arm) => ({ name: arm, color: colorOf(colors, arm),
                                                values: buckets.map((one) => shareOf(one, (other) => other === arm)) }));
  if (busiest(known).length > drawn.length) {
    const values = buckets.map((one) => shareOf(one, (other) => !drawn.includes(other)));
    curves.push({ name: "other arms", color: "--c-other", values });
  }
  return curves;
}

function ratio(name: string, buckets: Bucket[], part: (bucket: HistoryBucket) => number): Curve {
  const values = buckets.map((one) => (one && int(one.decisions) > 0 ? Math.min(1, part(one) / int(one.decisions)) : null));
  return { name, color: name === "explored" ? "--c1" : "--c2", values };
}

function failedOf(bucket: Bucket): number | null {
  const calls = (bucket?.arms ?? []).reduce((sum, one) => sum + int(one.calls), 0);
  return calls > 0 ? (bucket?.arms ?? []).reduce((sum, one) => sum + int(one.failed), 0) / calls : null;
}

export function Curves({ history, span }: { history: GetHistoryResponse; span: Span }) {
  const drawn = useMemo(() => {
    const { x, buckets } = filled(history);
    return {
      x, shares: shares(buckets),
      quality: [banded("quality", "--quality", buckets, overArms("quality"))],
      cost: [banded("cost per answer", "--cost", buckets, overArms("costUsd"))],
      latency: [banded("latency", "--latency", buckets, overArms("latencyMs"))],
      ratios: [ratio("explored", buckets, (one) => int(one.explored)), ratio("got feedback", buckets, (one) => int(one.firstFeedback))],
      failed: [{ name: "failed", color: "--c5", values: buckets.map(failedOf) }],
      lag: [banded("feedback lag", "--c6", buckets, (one) => estimate(one.feedbackLagS))],
      saved: [banded("saved per decision", "--c2", buckets, (one) => estimate(one.savedUsd))],
      decisions: [{ name: "decisions", color: "--c0", isFilled: true, values: buckets.map((one) => int(one?.decisions)) }],
    };
  }, [history]);
  const step = f.duration(int(history.stepS));
  const tick = span === "week" ? DAY : HOUR;
  const common = { x: drawn.x, isTime: true, xFormat: (x: number) => CLOCK.format(x * 1000), tickFormat: (x: number) => tick.format(x * 1000) };
  const lag: f.Format = (value) => (value === undefined ? f.UNKNOWN : f.duration(value));
  return (
    <>
      <Card><Lines {...common} title="Share of each arm" summary={`Of the decisions of each ${step}.`} height={230}
                   curves={drawn.shares} format={f.percent} range={[0, 1]} isStacked /></Card>
      <div class="grid">
        <Card><Lines {...common} title="Quality" summary="As reported. The band is the 95% interval." curves={drawn.quality} format={f.quality} range={[0, 1]} /></Card>
        <Card><Lines {...common} title="Cost per answer" summary="As reported, or by price and tokens." curves={drawn.cost} format={f.usd} /></Card>
        <Card><Lines {...common} title="Latency" summary="Until the end of the answer." curves={drawn.latency} format={f.ms} /></Card>
        <Card><Lines {...common} title="Decisions" summary={`In each ${step} of this ${span}.`} curves={drawn.decisions} format={(value) => (value === undefined ? f.UNKNOWN : f.count(value))} /></Card>
        <Card><Lines {...common} title="Exploration and feedback" summary="Parts of the decisions." curves={drawn.ratios} format={f.percent} range={[0, 1]} /></Card>
        <Card><Lines {...common} title="Feedback lag" summary="From a decision to its first outcome." curves={drawn.lag} format={lag} /></Card>
        <Card><Lines {...common} title="Calls that failed" summary="Of those whose end is known." curves={drawn.failed} format={f.percent} range={[0, null]} /></Card>
        <Card><Lines {...common} title="Saved per decision" summary="Expected cost of the most expensive candidate minus that of the chosen arm." curves={drawn.saved} format={f.usd} /></Card>
      </div>
    </>
  );
}
