// The settings of an arm. Only what differs is sent; what was emptied is unset.
import { useState } from "preact/hooks";
import type { Arm } from "../../api/types";
import { Field } from "../../ui/parts";

type Kind = "text" | "list" | "number" | "whole";
interface Setting { key: keyof Arm; name: string; label: string; kind: Kind; hint?: string; isWide?: boolean }

// `name` is the field's name in the contract, for PutArmRequest.clear.
const SETTINGS: Setting[] = [
  { key: "description", name: "description", label: "Description", kind: "text", isWide: true, hint: "What it is good at. A new arm is tried for queries like this." },
  { key: "tags", name: "tags", label: "Tags", kind: "list", hint: "Commas between" },
  { key: "aliases", name: "aliases", label: "Aliases", kind: "list", hint: "Other names that mean this arm" },
  { key: "version", name: "version", label: "Version", kind: "text", hint: "Another version starts fresh" },
  { key: "usdPer1mInput", name: "usd_per_1m_input", label: "USD per million input tokens", kind: "number" },
  { key: "usdPer1mOutput", name: "usd_per_1m_output", label: "USD per million output tokens", kind: "number" },
  { key: "usdPer1mCachedInput", name: "usd_per_1m_cached_input", label: "USD per million cached tokens", kind: "number" },
  { key: "usdPerRequest", name: "usd_per_request", label: "USD per request", kind: "number" },
  { key: "contextTokensMax", name: "context_tokens_max", label: "Context, most (tokens)", kind: "whole" },
  { key: "outputTokensMax", name: "output_tokens_max", label: "Output, most (tokens)", kind: "whole" },
  { key: "priorQuality", name: "prior_quality", label: "Prior quality", kind: "number", hint: "0 to 1" },
  { key: "priorStrength", name: "prior_strength", label: "Prior strength (outcomes)", kind: "number" },
  { key: "priorLatencyMs", name: "prior_latency_ms", label: "Prior latency (ms)", kind: "number" },
  { key: "priorOutputTokens", name: "prior_output_tokens", label: "Prior output (tokens)", kind: "number" },
];

export interface Edit { set: Partial<Arm>; clear: { key: keyof Arm; name: string }[] }
export interface Held { name: string; texts: Record<string, string> }

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : value === undefined ? "" : String(value);
}

export function heldOf(arm: Arm | undefined): Held {
  return { name: arm?.name ?? "", texts: Object.fromEntries(SETTINGS.map(({ key }) => [key, textOf(arm?.[key])])) };
}

function limitsOf(kind: Kind): object {
  return kind === "number" || kind === "whole" ? { type: "number", min: 0, step: kind === "whole" ? 1 : "any" } : {};
}

function valueOf(kind: Kind, text: string): unknown {
  if (kind === "list") return text.split(",").map((one) => one.trim()).filter(Boolean);
  return kind === "number" ? Number(text) : text;
}

function editOf(old: Arm | undefined, texts: Record<string, string>): Edit {
  const edit: Edit = { set: {}, clear: [] };
  for (const { key, name, kind } of SETTINGS) {
    const before = textOf(old?.[key]), after = (texts[key] ?? "").trim();
    if (before === after) continue;
    if (after === "") edit.clear.push({ key, name });
    else Object.assign(edit.set, { [key]: valueOf(kind, after) });
  }
  return edit;
}

export function ArmForm({ old, start, onCancel, onReview }:
    { old: Arm | undefined; start: Held; onCancel: () => void; onReview: (held: Held, edit: Edit) => void }) {
  const [name, setName] = useState(start.name);
  const [texts, setTexts] = useState(start.texts);
  return (
    <form onSubmit={(event) => { event.preventDefault(); onReview({ name: name.trim(), texts }, editOf(old, texts)); }}>
      <div class="fields">
        {!old && (
          <div class="wide"><Field label="Name" hint="Apps get this name as the answer.">
            <input value={name} required autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />
          </Field></div>
        )}
        {SETTINGS.map((one) => (
          <div key={one.key} class={one.isWide ? "wide" : undefined}>
            <Field label={one.label} hint={one.hint}>
              <input value={texts[one.key]} autocomplete="off" {...limitsOf(one.kind)}
                     onInput={(event) => setTexts({ ...texts, [one.key]: event.currentTarget.value })} />
            </Field>
          </div>
        ))}
      </div>
      {(old?.priceTiers ?? []).length > 0 && <p class="note">Its price tiers stay as they are. The command line changes them.</p>}
      <div class="dialog-foot"><button type="button" onClick={onCancel}>Cancel</button><button type="submit" class="primary">Review</button></div>
    </form>
  );
}
