// Turns a table into an import, and says what of it will not be sent.
import type { Row, Table } from "../../text/table";

export interface Outcome { arm: string; quality?: number; latencyMs?: number; costUsd?: number; inputTokens?: string; outputTokens?: string; error?: boolean; firstTokenMs?: number }
export interface Query { query: string; outcomes: Outcome[] }
export interface ImportPlan {
  queries: Query[]; outcomes: number; perArm: Map<string, number>; leftOut: Map<string, number>; unused: string[]; problem: string;
}

const TEXT = ["text", "query", "prompt", "question"];
const ARM = ["arm", "model"];
const ID = ["id", "query_id"];
type Field = Exclude<keyof Outcome, "arm">;
const FIGURES: Record<string, Field> = {
  quality: "quality", latency_ms: "latencyMs", cost_usd: "costUsd", input_tokens: "inputTokens", output_tokens: "outputTokens",
  error: "error", first_token_ms: "firstTokenMs",
};
const MISSING = new Set(["", "nan", "null", "none"]);
const WORDS: Record<string, number> = { true: 1, yes: 1, up: 1, false: 0, no: 0, down: 0 };

const find = (columns: string[], names: string[]) => names.map((name) => columns.find((one) => one.toLowerCase() === name)).find(Boolean);

function valueOf(field: Field, text: string, scale: number): string | number | boolean {
  if (field === "error") return WORDS[text.toLowerCase()] === 1 || text === "1";
  const number = field === "quality" && text.toLowerCase() in WORDS ? WORDS[text.toLowerCase()]! * scale : Number(text);
  if (!Number.isFinite(number)) throw new Error(`"${text.slice(0, 40)}" is no number`);
  if (field === "inputTokens" || field === "outputTokens") return String(Math.round(number));
  if (field !== "quality") {
    if (number < 0) throw new Error(`${text} is below 0`);
    return number;
  }
  if (number < 0 || number > scale) throw new Error(`a quality of ${text} is outside 0 to ${scale}`);
  return number / scale;
}

function outcomeOf(row: Row, arm: string, columns: [string, Field][], scale: number): Outcome | string {
  const outcome: Outcome = { arm };
  let isKnown = false;
  for (const [column, field] of columns) {
    const text = (row[column] ?? "").trim();
    if (MISSING.has(text.toLowerCase())) continue;
    try {
      Object.assign(outcome, { [field]: valueOf(field, text, scale) });
    } catch (error) {
      return (error as Error).message;
    }
    isKnown = true;
  }
  return isKnown ? outcome : "without any figure";
}

// Imports in a random order: a file that is sorted by subject looks like drift. The same file gives the same order.
function shuffle<T>(all: T[]) {
  let state = 1;
  for (let i = all.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const k = state % (i + 1);
    [all[i], all[k]] = [all[k]!, all[i]!];
  }
}

// `armOf` finds an arm of the pool by its name or an alias.
export function planOf(table: Table, armOf: (name: string) => string | undefined, scale: number): ImportPlan {
  const { columns } = table;
  const text = find(columns, TEXT), arm = find(columns, ARM), id = find(columns, ID);
  const figures = columns.flatMap((one): [string, Field][] => {
    const field = FIGURES[one.toLowerCase()];
    return field ? [[one, field]] : [];
  });
  const used = new Set([text, arm, id, ...figures.map(([one]) => one)]);
  const plan: ImportPlan = { queries: [], outcomes: 0, perArm: new Map(), leftOut: new Map(), unused: columns.filter((one) => !used.has(one)), problem: "" };
  if (!text) plan.problem = `There is no column with the query: name it ${TEXT.join(", ")}.`;
  else if (!arm) plan.problem = `There is no column with the arm: name it ${ARM.join(" or ")}.`;
  else if (figures.length === 0) plan.problem = `There is no column with a figure: ${Object.keys(FIGURES).join(", ")}.`;
  if (plan.problem || !text || !arm) return plan;

  const count = (map: Map<string, number>, name: string) => map.set(name, (map.get(name) ?? 0) + 1);
  const byQuery = new Map<string, Query>();
  for (const row of table.rows) {
    const query = (row[text] ?? "").trim(), named = (row[arm] ?? "").trim(), known = armOf(named);
    const outcome = query === "" ? "without a query" : known === undefined ? `of ${named || "no arm"}, which is no arm of this pool`
      : outcomeOf(row, known, figures, scale);
    if (typeof outcome === "string") {
      count(plan.leftOut, outcome);
      continue;
    }
    const key = id ? `${row[id]}\n${query}` : query;
    const entry = byQuery.get(key) ?? { query, outcomes: [] };
    if (entry.outcomes.some((one) => one.arm === outcome.arm)) {
      count(plan.leftOut, "a second outcome of the same query and arm");
      continue;
    }
    entry.outcomes.push(outcome);
    byQuery.set(key, entry);
    count(plan.perArm, outcome.arm);
    plan.outcomes += 1;
  }
  plan.queries = [...byQuery.values()];
  shuffle(plan.queries);
  if (plan.outcomes === 0) plan.problem = "Nothing in this file can be learned. See what is left out.";
  return plan;
}
