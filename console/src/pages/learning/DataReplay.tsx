// A data folder played through a pool like this one, as learning curves next to what fixed choices would have earned.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { asFault, CallFailed, type Fault } from "../../api/errors";
import type { Pool } from "../../api/types";
import { Lines, type Curve } from "../../charts/Lines";
import * as f from "../../text/format";
import { preferenceText } from "../../text/preference";
import { DataTable } from "../../ui/DataTable";
import { Card, Failure, Field } from "../../ui/parts";
import { say } from "../../ui/say";
import { play, readRecording, utilityOf, type Played, type Recording } from "./replaying";

const POINTS = 80;

function faultOf(error: unknown): Fault {
  if (error instanceof CallFailed || error instanceof TypeError) return asFault(error);
  return new CallFailed("invalid_argument", (error as Error).message, "", 0);
}

export function DataReplay({ pool }: { pool: Pool }) {
  const [recording, setRecording] = useState<Recording>();
  const [played, setPlayed] = useState<Played[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const [fault, setFault] = useState<Fault>();
  const abort = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  async function open(files: FileList | null) {
    setFault(undefined);
    setRecording(undefined);
    setPlayed([]);
    if (!files || files.length === 0) return;
    try {
      setRecording(await readRecording([...files]));
    } catch (error) {
      setFault(faultOf(error));
    }
  }

  async function start(of: Recording) {
    abort.current = new AbortController();
    setIsBusy(true);
    setFault(undefined);
    setPlayed([]);
    try {
      await play(pool, of, abort.current.signal, setPlayed);
      say("The replay has ended");
    } catch (error) {
      setFault(faultOf(error));
    }
    setIsBusy(false);
  }

  const leftOut = [...(recording?.leftOut.values() ?? [])].reduce((a, b) => a + b, 0);
  return (
    <Card title="Replay a data folder" note="Recorded outcomes of every arm are played through a pool like this one, a question at a time. The pool is made for it and deleted afterwards; this pool learns nothing.">
      <Field label="Files" hint="queries.jsonl, outcomes.tsv and models.json of a data folder, plain or .gz, or one table with text, arm, quality and cost_usd.">
        <input type="file" multiple disabled={isBusy} accept=".csv,.tsv,.jsonl,.json,.gz,.txt" onChange={(event) => open(event.currentTarget.files)} />
      </Field>
      <div class="stack" aria-live="polite">
        {fault && <Failure fault={fault} />}
        {recording && (
          <p>{f.plural(recording.queries.length, "question")}, {f.plural(recording.arms.length, "arm")}{leftOut > 0 && `; ${f.plural(leftOut, "row")} left out`}.</p>
        )}
      </div>
      {recording && (
        <div class="tools">
          {isBusy ? <button type="button" onClick={() => abort.current?.abort()}>Stop</button>
            : <button type="button" class="primary" onClick={() => start(recording)}>{played.length > 0 ? "Play again" : "Play"}</button>}
          {(isBusy || played.length > 0) && (
            <label class="note">{f.count(played.length)} of {f.count(recording.queries.length)} played{" "}
              <progress value={played.length} max={recording.queries.length} /></label>
          )}
        </div>
      )}
      {recording && played.length > 0 && <Result pool={pool} recording={recording} played={played} />}
    </Card>
  );
}

interface Line { name: string; utility: number; quality: number; cost: number }

// Means over the questions that were played.
function fixedChoices(pool: Pool, recording: Recording, rounds: number): Line[] {
  const sums = new Map<string, Line & { count: number }>();
  for (const query of recording.queries.slice(0, rounds)) {
    for (const outcome of query.outcomes) {
      const sum = sums.get(outcome.arm) ?? { name: `always ${outcome.arm}`, utility: 0, quality: 0, cost: 0, count: 0 };
      sum.utility += utilityOf(pool, outcome);
      sum.quality += outcome.quality ?? 0;
      sum.cost += outcome.costUsd ?? 0;
      sum.count += 1;
      sums.set(outcome.arm, sum);
    }
  }
  const lines = [...sums.values()].map(({ name, utility, quality, cost, count }) => ({ name, utility: utility / count, quality: quality / count, cost: cost / count }));
  const mean = (get: (line: Line) => number) => lines.reduce((sum, one) => sum + get(one), 0) / (lines.length || 1);
  lines.push({ name: "any arm, with equal chances", utility: mean((one) => one.utility), quality: mean((one) => one.quality), cost: mean((one) => one.cost) });
  return lines.sort((a, b) => b.utility - a.utility);
}

function Result({ pool, recording, played }: { pool: Pool; recording: Recording; played: Played[] }) {
  const lines = useMemo(() => fixedChoices(pool, recording, played.length), [recording, played]);
  const drawn = useMemo(() => {
    const step = Math.max(1, Math.ceil(played.length / POINTS));
    const x: number[] = [], values: number[] = [];
    let sum = 0;
    played.forEach((one, i) => {
      sum += one.utility;
      if ((i + 1) % step !== 0 && i + 1 !== played.length) return;
      x.push(i + 1);
      values.push(sum / (i + 1));
    });
    return { x, values };
  }, [played]);
  const flat = (line: Line, color: string): Curve => ({ name: line.name, color, values: drawn.x.map(() => line.utility) });
  const fixed = lines.filter((one) => one.name.startsWith("always"));
  const best = fixed[0]!, dearest = fixed.reduce((a, b) => (b.cost > a.cost ? b : a));
  const equal = lines.find((one) => !fixed.includes(one))!;
  const curves: Curve[] = [{ name: "this pool's settings", color: "--accent", values: drawn.values }, flat(best, "--c1"), flat(equal, "--c3")];
  if (dearest !== best) curves.push(flat(dearest, "--c5"));
  const mean = (get: (one: Played) => number | undefined) => played.reduce((sum, one) => sum + (get(one) ?? 0), 0) / played.length;
  const own: Line = { name: "this pool's settings", utility: mean((one) => one.utility), quality: mean((one) => one.quality), cost: mean((one) => one.costUsd) };
  return (
    <div class="stack">
      <Lines title="Utility so far" summary={`Mean over the questions played, with ${preferenceText(pool.settings?.defaultPreference)}.`} x={drawn.x}
             xFormat={(x) => f.count(x)} format={f.quality} curves={curves} height={260} />
      <DataTable label="Replayed next to fixed choices" rows={[own, ...lines]} rowKey={(one) => one.name} columns={[
        { name: "Choice", cell: (one) => one.name },
        { name: "Utility", kind: "number", cell: (one) => f.quality(one.utility) },
        { name: "Quality", kind: "number", cell: (one) => f.quality(one.quality) },
        { name: "Cost per question", kind: "number", cell: (one) => f.usd(one.cost) },
      ]} />
    </div>
  );
}
