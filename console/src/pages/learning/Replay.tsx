// Curves of the pool's own log. It is read a page at a time, and never all of it unasked.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { listOutcomes } from "../../api/calls";
import { asFault, type Fault } from "../../api/errors";
import type { Pool } from "../../api/types";
import { colorNames, colorOf } from "../../charts/colors";
import { Lines, type Curve } from "../../charts/Lines";
import * as f from "../../text/format";
import { Card, Choice, Empty, Failure, Skeleton } from "../../ui/parts";
import { binned, emptyLog, extend, type Figure, type Log } from "./log";

const PAGES_AT_ONCE = 10;
const ARMS_DRAWN = 9;
const FORMATS: Record<Figure, f.Format> = { quality: f.quality, costUsd: f.usd, latencyMs: f.ms };

export function Replay({ pool }: { pool: Pool }) {
  const [log, setLog] = useState<Log>(emptyLog);
  const [isBusy, setIsBusy] = useState(true);
  const [fault, setFault] = useState<Fault>();
  const [figure, setFigure] = useState<Figure>("quality");
  const abort = useRef(new AbortController());

  async function read(from: Log) {
    setIsBusy(true);
    setFault(undefined);
    let known = from;
    try {
      for (let page = 0; page < PAGES_AT_ONCE; page++) {
        known = extend(known, await listOutcomes(pool.name, known.next, abort.current.signal));
        setLog(known);
        if (!known.next) break;
      }
    } catch (error) {
      if (abort.current.signal.aborted) return;
      setFault(asFault(error));
    }
    setIsBusy(false);
  }
  useEffect(() => {
    void read(emptyLog());
    return () => abort.current.abort();
  }, []);

  return (
    <Card title="Learning curves" note={log.first > 1 ? `The log was compacted: its oldest event is ${f.count(log.first)}.` : "Means over ranges of log positions. Dashed lines mark arms that started fresh."}>
      <div class="tools">
        <Choice label="Figure" value={figure} onChange={setFigure} options={[["quality", "Quality"], ["costUsd", "Cost"], ["latencyMs", "Latency"]]} />
      </div>
      {fault && <Failure fault={fault} retry={() => read(log)} />}
      {log.entries.size === 0 ? (isBusy ? <Skeleton lines={8} tall /> : !fault && <Empty title="No outcome was learned"><p>Report feedback, or import outcomes below.</p></Empty>)
        : <Shown log={log} figure={figure} />}
      <div class="pager" aria-live="polite">
        {log.next && <button type="button" disabled={isBusy} onClick={() => read(log)}>{isBusy ? "Reading …" : "Read on"}</button>}
        <span>{f.plural(log.entries.size, "outcome")} up to log position {f.count(log.through)}{log.next || isBusy ? "" : ", that is all"}</span>
      </div>
    </Card>
  );
}

function Shown({ log, figure }: { log: Log; figure: Figure }) {
  const drawn = useMemo(() => {
    const { x, all, perArm } = binned(log, figure);
    const arms = [...perArm].sort((a, b) => b[1].count - a[1].count).slice(0, ARMS_DRAWN);
    const colors = colorNames(arms.map(([arm]) => arm));
    const mean: Curve[] = [{ name: "all arms", color: "--accent", values: all.values, low: all.low, high: all.high }];
    const each: Curve[] = arms.map(([arm, means]) => ({ name: arm, color: colorOf(colors, arm), values: means.values }));
    return { x, mean, each, count: all.count, left: perArm.size - arms.length };
  }, [log, figure]);
  if (drawn.count === 0) return <Empty title="No outcome reported this figure" />;
  const common = { x: drawn.x, xFormat: (x: number) => f.count(x), format: FORMATS[figure],
                   marks: log.resets.map((one) => ({ x: one.at, text: one.arm })) };
  return (
    <div class="stack">
      <Lines {...common} title="All arms" summary={`Mean of ${f.plural(drawn.count, "outcome")}. The band is the 95% interval.`} curves={drawn.mean} height={220} />
      <Lines {...common} title="Each arm" summary={drawn.left > 0 ? `Smoothed means of the ${ARMS_DRAWN} arms with the most outcomes; ${f.count(drawn.left)} more are not drawn.` : "Smoothed means."} curves={drawn.each} height={260} />
      {log.resets.length > 0 && (
        <p class="note">Started fresh: {log.resets.slice(-10).map((one) => `${one.arm} at ${f.count(one.at)}`).join(", ")}.</p>
      )}
    </div>
  );
}
