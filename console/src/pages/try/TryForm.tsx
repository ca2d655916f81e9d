import type { Pool } from "../../api/types";
import type { Weights } from "../../text/preference";
import { Field } from "../../ui/parts";
import { WeightSliders } from "../../ui/Weights";

export interface Form {
  query: string; embedding: string; weights: Weights; maxCost: string; maxLatency: string; tags: string; allow: string;
  deny: string; contextTokens: string; outputTokens: string; allowUnknown: boolean; features: Record<string, string>;
}

export function emptyForm(weights: Weights): Form {
  return { query: "", embedding: "", weights, maxCost: "", maxLatency: "", tags: "", allow: "", deny: "",
           contextTokens: "", outputTokens: "", allowUnknown: false, features: {} };
}

const names = (text: string) => text.split(",").map((one) => one.trim()).filter(Boolean);
const number = (text: string) => (text.trim() === "" ? undefined : Number(text));

export function requestOf(pool: Pool, form: Form): object {
  const constraints = {
    maxCostUsd: number(form.maxCost), maxLatencyMs: number(form.maxLatency), requireTags: names(form.tags),
    allowArms: names(form.allow), denyArms: names(form.deny), contextTokens: form.contextTokens || undefined,
    allowUnknown: form.allowUnknown || undefined,
  };
  const features = Object.entries(form.features).filter(([, text]) => text.trim() !== "");
  return {
    pool: pool.name, query: form.query || undefined, embedding: form.embedding ? form.embedding.split(/[\s,]+/).filter(Boolean).map(Number) : undefined,
    preference: form.weights, constraints, maxOutputTokens: form.outputTokens || undefined,
    features: Object.fromEntries(features.map(([name, text]) => [name, Number(text)])), mode: "PREVIEW", explain: true,
  };
}

type Text = "maxCost" | "maxLatency" | "tags" | "allow" | "deny" | "contextTokens" | "outputTokens";

export function TryForm({ pool, form, onChange, onRun, isBusy }:
    { pool: Pool; form: Form; onChange: (form: Form) => void; onRun: () => void; isBusy: boolean }) {
  const isCallers = pool.settings?.embedder?.name === "caller";
  const text = (name: Text, more: object = {}) => (
    <input value={form[name]} autocomplete="off" {...more} onInput={(event) => onChange({ ...form, [name]: event.currentTarget.value })} />
  );
  const least = { type: "number", min: 0, step: "any" };
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onRun(); }}
          onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onRun(); }}>
      {isCallers
        ? <Field label="Vector" hint={`This pool takes the caller's own vectors: ${pool.settings?.embedder?.dimension} numbers.`}>
            <textarea class="code" value={form.embedding} onInput={(event) => onChange({ ...form, embedding: event.currentTarget.value })} />
          </Field>
        : <Field label="Query">
            <textarea value={form.query} rows={3} placeholder="What an app would ask" onInput={(event) => onChange({ ...form, query: event.currentTarget.value })} />
          </Field>}
      <div class="grid">
        <WeightSliders weights={form.weights} onChange={(weights) => onChange({ ...form, weights })} />
        <details>
          <summary>Constraints</summary>
          <div class="fields">
            <Field label="Cost, most (USD)">{text("maxCost", least)}</Field>
            <Field label="Latency, most (ms)">{text("maxLatency", least)}</Field>
            <Field label="Tags" hint="The arm has all of them. Commas between.">{text("tags")}</Field>
            <Field label="Only these arms">{text("allow")}</Field>
            <Field label="None of these arms">{text("deny")}</Field>
            <Field label="Context (tokens)">{text("contextTokens", { ...least, step: 1 })}</Field>
            <Field label="Output, most (tokens)">{text("outputTokens", { ...least, step: 1 })}</Field>
            <label class="check wide">
              <input type="checkbox" checked={form.allowUnknown} onChange={(event) => onChange({ ...form, allowUnknown: event.currentTarget.checked })} />
              Arms of unknown cost or latency pass the limits
            </label>
            {(pool.settings?.features ?? []).map(({ name }) => (
              <Field key={name} label={`Feature ${name}`}>
                <input type="number" step="any" value={form.features[name] ?? ""}
                       onInput={(event) => onChange({ ...form, features: { ...form.features, [name]: event.currentTarget.value } })} />
              </Field>
            ))}
          </div>
        </details>
      </div>
      <div><button type="submit" class="primary" aria-disabled={isBusy}>Decide</button></div>
    </form>
  );
}
