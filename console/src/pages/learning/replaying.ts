// Plays recorded outcomes through a pool of their own, a question at a time, as an app would.
import { deletePool, feedback, putPool, route } from "../../api/calls";
import { send } from "../../api/client";
import { CallFailed } from "../../api/errors";
import type { Pool } from "../../api/types";
import { normalised } from "../../text/preference";
import { readTable, type Row } from "../../text/table";
import { planOf, type Outcome, type Query } from "./plan";

export interface RecordedArm { name: string; description?: string; usdPer1mInput?: number; usdPer1mOutput?: number }
export interface Recording { name: string; queries: Query[]; arms: RecordedArm[]; leftOut: Map<string, number> }
export interface Played { arm: string; utility: number; quality?: number; costUsd?: number }

const BYTES_MAX = 100_000_000;
const SHOW_EVERY_MS = 250;

const wrong = (message: string) => new CallFailed("invalid_argument", message, "", 0);

async function textOf(file: File): Promise<string> {
  if (!file.name.endsWith(".gz")) return file.text();
  try {
    return await new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).text();
  } catch {
    throw wrong(`${file.name} cannot be unpacked: it is not gzip.`);
  }
}

function armsOf(text: string, name: string): RecordedArm[] {
  let models: unknown;
  try {
    models = JSON.parse(text);
  } catch {
    throw wrong(`${name} is not JSON.`);
  }
  if (!Array.isArray(models)) throw wrong(`${name} must be a list of models.`);
  return models.map((one: Record<string, unknown>) => {
    if (typeof one.name !== "string") throw wrong(`${name}: each model needs a name.`);
    const arm: RecordedArm = { name: one.name };
    if (typeof one.description === "string") arm.description = one.description;
    if (typeof one.usd_per_1m_input === "number") arm.usdPer1mInput = one.usd_per_1m_input;
    if (typeof one.usd_per_1m_output === "number") arm.usdPer1mOutput = one.usd_per_1m_output;
    return arm;
  });
}

// The files of a data folder (queries, outcomes, models), or one table with text, arm and figures.
export async function readRecording(files: File[]): Promise<Recording> {
  const named = (part: string) => files.find((one) => one.name.toLowerCase().includes(part));
  if (files.reduce((sum, one) => sum + one.size, 0) > BYTES_MAX) throw wrong("The files are larger than 100 MB. Use `pointsman replay`.");
  const queries = named("queries"), outcomes = named("outcomes"), models = named("models");
  const single = files.length === 1 ? files[0] : undefined;
  if (!single && !(queries && outcomes)) throw wrong("Choose the files queries, outcomes and models of a data folder together, or one table.");
  let table = readTable(await textOf(single ?? outcomes!));
  if (!single) {
    const texts = new Map(readTable(await textOf(queries!)).rows.map((row) => [row.id ?? "", row.text ?? row.query ?? ""]));
    const rows = table.rows.map((row): Row => ({ ...row, text: texts.get(row.id ?? row.query_id ?? "") ?? "" }));
    table = { rows, columns: [...table.columns, "text"] };
  }
  const plan = planOf(table, (name) => name || undefined, 1);
  if (plan.problem) throw wrong(plan.problem);
  const known = models ? armsOf(await textOf(models), models.name) : [];
  const used = new Set(plan.perArm.keys());
  const arms = [...known.filter((one) => used.has(one.name)),
                ...[...used].filter((name) => !known.some((one) => one.name === name)).map((name) => ({ name }))];
  return { name: (single ?? outcomes!).name, queries: plan.queries, arms, leftOut: plan.leftOut };
}

export function utilityOf(pool: Pool, outcome: { quality?: number; costUsd?: number; latencyMs?: number }): number {
  const weights = normalised(pool.settings?.defaultPreference);
  const { costScaleUsd = 0.01, latencyScaleMs = 1000 } = pool.settings ?? {};
  return weights.quality * (outcome.quality ?? 0) - (weights.cost * (outcome.costUsd ?? 0)) / costScaleUsd
    - (weights.latency * (outcome.latencyMs ?? 0)) / latencyScaleMs;
}

function feedbackOf(pool: string, decisionId: string, outcome: Outcome): object {
  const { arm: _, ...figures } = outcome;
  return { pool, decisionId, ...figures };
}

// `onPlayed` gets all that was played so far, now and then. The pool is deleted at the end, however it ends.
export async function play(pool: Pool, recording: Recording, signal: AbortSignal, onPlayed: (played: Played[]) => void): Promise<void> {
  const name = `replay-${crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16)}`;
  const played: Played[] = [];
  // A page that is left cannot wait for an answer.
  const leave = () => send("Admin/DeletePool", { name });
  await putPool({ name, createOnly: true, arms: recording.arms, settings: { ...pool.settings, holdoutShare: 0, holdoutArm: "" } });
  addEventListener("pagehide", leave);
  try {
    let shown = performance.now();
    for (const query of recording.queries) {
      if (signal.aborted) break;
      const isWhole = query.outcomes.length === recording.arms.length;
      const constraints = isWhole ? undefined : { allowArms: query.outcomes.map((one) => one.arm) };
      const answer = await route({ pool: name, query: query.query, constraints }, signal);
      const outcome = query.outcomes.find((one) => one.arm === answer.arm);
      if (!outcome) continue;
      await feedback(feedbackOf(name, answer.decisionId ?? "", outcome), signal);
      played.push({ ...outcome, utility: utilityOf(pool, outcome) });
      if (performance.now() - shown > SHOW_EVERY_MS) {
        shown = performance.now();
        onPlayed([...played]);
      }
    }
    onPlayed([...played]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    removeEventListener("pagehide", leave);
    await deletePool(name);
  }
}
