// An import, with a preview of what will be sent before it is sent.
import { useMemo, useState } from "preact/hooks";
import { listArms } from "../../api/calls";
import { asFault, CallFailed, type Fault } from "../../api/errors";
import { importOutcomes } from "../../api/importing";
import { int } from "../../api/numbers";
import type { ImportOutcomesResponse, Pool } from "../../api/types";
import * as f from "../../text/format";
import { readTable, type Table } from "../../text/table";
import { DataTable } from "../../ui/DataTable";
import { Card, Failure, Field } from "../../ui/parts";
import { say } from "../../ui/say";
import { rememberImport } from "./imports";
import { planOf, type ImportPlan } from "./plan";

const STRENGTH = 50;
const ROWS_SHOWN = 5;
const BYTES_MAX = 50_000_000;

async function armNames(pool: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  let pageToken = "";
  do {
    const page = await listArms({ pool, pageToken });
    for (const arm of page.arms ?? []) for (const name of [...(arm.aliases ?? []), arm.name]) names.set(name, arm.name);
    pageToken = page.nextPageToken ?? "";
  } while (pageToken);
  return names;
}

// The same content gets the same id, so a second try learns nothing twice.
function idOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return `console-${hash.toString(16).padStart(16, "0")}`;
}

interface Read { name: string; table: Table; names: Map<string, string>; id: string }

export function Import({ pool }: { pool: Pool }) {
  const [file, setFile] = useState<Read>();
  const [fault, setFault] = useState<Fault>();
  const [answer, setAnswer] = useState<ImportOutcomesResponse>();

  async function open(chosen: File | undefined) {
    setFile(undefined);
    setAnswer(undefined);
    setFault(undefined);
    if (!chosen) return;
    try {
      if (chosen.size > BYTES_MAX) throw new CallFailed("invalid_argument", `The file has ${f.bytes(chosen.size)}, and a page reads at most ${f.bytes(BYTES_MAX)}. Use \`pointsman import\`.`, "", 0);
      const text = await chosen.text();
      const table = readTable(text);
      setFile({ name: chosen.name, table, names: await armNames(pool.name), id: idOf(text) });
    } catch (error) {
      setFault(error instanceof CallFailed ? error : error instanceof TypeError ? asFault(error)
        : new CallFailed("invalid_argument", (error as Error).message, "", 0));
    }
  }

  return (
    <Card title="Import outcomes" note="Teach this pool outcomes that are known from elsewhere. You see what will be sent before it is sent.">
      <Field label="File" hint="CSV, TSV or JSON lines. A row per outcome, with columns text, arm, and quality, latency_ms, cost_usd, input_tokens, output_tokens or error.">
        <input type="file" accept=".csv,.tsv,.jsonl,.json,.txt" onChange={(event) => open(event.currentTarget.files?.[0])} />
      </Field>
      <div aria-live="polite">
        {fault && <Failure fault={fault} />}
        {file && !answer && <Preview key={file.id} pool={pool.name} file={file} onDone={setAnswer} />}
        {answer && <Learned answer={answer} />}
      </div>
    </Card>
  );
}

function Preview({ pool, file, onDone }: { pool: string; file: Read; onDone: (answer: ImportOutcomesResponse) => void }) {
  const [scale, setScale] = useState(1);
  const plan = useMemo(() => planOf(file.table, (name) => file.names.get(name), scale), [file, scale]);
  const [id, setId] = useState(file.id);
  const [strength, setStrength] = useState<number>();
  const [isBusy, setIsBusy] = useState(false);
  const [fault, setFault] = useState<Fault>();
  const most = Math.max(1, ...plan.perArm.values());
  const used = strength ?? Math.min(STRENGTH, most);

  async function send() {
    setIsBusy(true);
    setFault(undefined);
    try {
      const armOutcomes = Object.fromEntries([...plan.perArm].map(([arm, count]) => [arm, String(count)]));
      const queries = plan.queries.map((query, i) => ({ index: String(i), ...query }));
      const answer = await importOutcomes({ pool, importId: id, queries: String(queries.length), strength: used, armOutcomes }, queries);
      rememberImport(pool, id);
      say(`${f.plural(int(answer.outcomesLearned), "outcome")} learned`);
      onDone(answer);
    } catch (error) {
      setFault(asFault(error));
      setIsBusy(false);
    }
  }

  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); void send(); }}>
      <div class="fields">
        <Field label="Qualities are from 0 to">
          <select value={String(scale)} onChange={(event) => setScale(Number(event.currentTarget.value))}>
            {[1, 5, 10, 100].map((one) => <option key={one} value={String(one)}>{one}</option>)}
          </select>
        </Field>
        <Field label="Strength" hint="All outcomes of an arm count as so many of your own.">
          <input type="number" min={0.001} step="any" value={used} onInput={(event) => setStrength(event.currentTarget.valueAsNumber || undefined)} />
        </Field>
        <div class="wide"><Field label="Name of the import" hint="To undo it later. The same name and content is learned once.">
          <input value={id} required onInput={(event) => setId(event.currentTarget.value)} /></Field></div>
      </div>
      <What name={file.name} plan={plan} />
      {fault && <Failure fault={fault} />}
      <div><button type="submit" class="primary" disabled={plan.problem !== "" || isBusy}>
        {isBusy ? "Sending …" : `Import ${f.plural(plan.outcomes, "outcome")}`}</button></div>
    </form>
  );
}

function What({ name, plan }: { name: string; plan: ImportPlan }) {
  return (
    <>
      <h3>What will be sent</h3>
      {plan.problem ? <p class="failure">{plan.problem}</p>
        : <p>{f.plural(plan.outcomes, "outcome")} of {f.plural(plan.queries.length, "query", "queries")} from {name}.</p>}
      {plan.perArm.size > 0 && <ul class="changes">{[...plan.perArm].slice(0, 20).map(([arm, count]) => <li key={arm}>{arm}: {f.plural(count, "outcome")}</li>)}</ul>}
      {plan.leftOut.size > 0 && (
        <>
          <p>Left out:</p>
          <ul class="notes">{[...plan.leftOut].slice(0, 20).map(([why, count]) => <li key={why}>{f.plural(count, "row")}: {why}</li>)}</ul>
        </>
      )}
      {plan.unused.length > 0 && <p class="note">Columns that are not read: {plan.unused.join(", ")}.</p>}
      {plan.queries.length > 0 && (
        <DataTable label="The first queries" rows={plan.queries.slice(0, ROWS_SHOWN)} rowKey={(_, i) => String(i)} columns={[
          { name: "Query", kind: "text", cell: (one) => one.query.slice(0, 160) },
          { name: "Outcomes", cell: (one) => <code>{JSON.stringify(one.outcomes)}</code> },
        ]} />
      )}
    </>
  );
}

function Learned({ answer }: { answer: ImportOutcomesResponse }) {
  return (
    <>
      <p><strong>{f.plural(int(answer.outcomesLearned), "outcome")} of {f.plural(int(answer.queriesLearned), "query", "queries")} learned.</strong>
        {int(answer.outcomesKnown) > 0 && ` ${f.count(int(answer.outcomesKnown))} were known from before.`}</p>
      <ul class="changes">{(answer.arms ?? []).map((one) => (
        <li key={one.arm}>{one.arm}: {f.count(int(one.learned))} learned, {f.count(int(one.known))} known, each counts as {f.quality(one.weight ?? 0)}</li>
      ))}</ul>
    </>
  );
}
