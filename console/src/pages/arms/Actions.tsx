// Changes of arms. Each shows its difference before it is applied.
import { useMemo, useState } from "preact/hooks";
import { putArm, putPool, removeArm } from "../../api/calls";
import { half95, int } from "../../api/numbers";
import type { Arm, ArmStats, Pool } from "../../api/types";
import * as f from "../../text/format";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/parts";
import { Review, type Difference, type Plan } from "../../ui/Review";
import { ArmForm, heldOf, type Edit, type Held } from "./ArmForm";

export type Action =
  | { kind: "add" }
  | { kind: "edit" | "pause" | "resume" | "reset" | "remove"; arm: Arm; stats?: ArmStats | undefined };

interface Props { pool: Pool; action: Action; onClose: () => void; onDone: () => void }

// The server says what it would change: PutPool with this arm alone, as a dry run.
async function serverSays(pool: string, arm: Partial<Arm>): Promise<Difference> {
  const answer = await putPool({ name: pool, arms: [arm], dryRun: true });
  return { changes: answer.changes ?? [], notes: answer.notes ?? [] };
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value));

function editPlan(pool: string, name: string, isNew: boolean, edit: Edit, old: Arm | undefined): Plan {
  const arm = { name, ...edit.set };
  const cleared = edit.clear.map((field) => `arm ${name}: ${field.name}: ${text(old?.[field.key])} -> unset`);
  return {
    title: isNew ? `Add ${name}` : `Change ${name}`, verb: isNew ? "Add" : "Apply", done: isNew ? `${name} was added` : `${name} was changed`,
    async difference() {
      if (!isNew && Object.keys(edit.set).length === 0) return { changes: cleared, notes: [] };
      const said = await serverSays(pool, arm);
      return { changes: [...said.changes, ...cleared], notes: said.notes };
    },
    apply: () => putArm({ pool, arm, clear: edit.clear.map((field) => field.name), ...(isNew ? { createOnly: true } : { changeOnly: true }) }),
  };
}

function statusPlan(pool: string, name: string, status: "ACTIVE" | "PAUSED"): Plan {
  const verb = status === "PAUSED" ? "Pause" : "Resume";
  return { title: `${verb} ${name}`, verb, done: `${name} is ${status === "PAUSED" ? "paused" : "active"}`,
           difference: () => serverSays(pool, { name, status }),
           apply: () => putArm({ pool, arm: { name, status }, changeOnly: true }) };
}

const learned = (stats: ArmStats | undefined) =>
  (stats ? `${f.plural(int(stats.outcomes), "outcome")}, level ${f.interval(f.quality, stats.level ?? 0, half95(stats.levelStddev))}` : "what was learned");

function removePlan(pool: string, name: string, stats: ArmStats | undefined): Plan {
  return {
    title: `Remove ${name}`, verb: "Remove", done: `${name} was removed`, isDangerous: true,
    difference: async () => ({ changes: [`arm ${name}: status -> removed`, "It is never chosen again."],
                               notes: [`Its history stays in the log: ${learned(stats)}. To stop it for a while, pause it instead.`] }),
    apply: () => removeArm(pool, name),
  };
}

function resetPlan(pool: string, name: string, stats: ArmStats | undefined, from: string, strength: number): Plan {
  const start = from ? `what ${from} learned, counting as ${f.plural(strength, "outcome")}` : "its prior alone";
  return {
    title: `Reset ${name}`, verb: "Reset", done: `${name} starts fresh`, isDangerous: true,
    difference: async () => ({ changes: [`arm ${name}: learned: ${learned(stats)} -> ${start}`], notes: ["Its history stays in the log, but no longer counts."] }),
    apply: () => putArm({ pool, arm: { name }, changeOnly: true, reset: true, ...(from ? { inheritFrom: from, inheritStrength: strength } : {}) }),
  };
}

export function Actions(props: Props) {
  const { pool, action } = props;
  if (action.kind === "add" || action.kind === "edit") return <Editing {...props} />;
  if (action.kind === "reset") return <Resetting {...props} />;
  const { arm, stats } = action;
  const plan = useMemo(() => (action.kind === "remove" ? removePlan(pool.name, arm.name, stats)
    : statusPlan(pool.name, arm.name, action.kind === "pause" ? "PAUSED" : "ACTIVE")), [action]);
  return <Review plan={plan} onClose={props.onClose} onDone={props.onDone} />;
}

function Editing({ pool, action, onClose, onDone }: Props) {
  const old = action.kind === "edit" ? action.arm : undefined;
  // What was typed stays, so that "Back" finds it.
  const [typed, setTyped] = useState<Held>(() => heldOf(old));
  const [plan, setPlan] = useState<Plan>();
  if (plan) return <Review plan={plan} onClose={onClose} onDone={onDone} back={() => setPlan(undefined)} />;
  return (
    <Dialog title={old ? `Change ${old.name}` : "Add an arm"} onClose={onClose}>
      <ArmForm old={old} start={typed} onCancel={onClose} onReview={(held, edit) => {
        setTyped(held);
        setPlan(editPlan(pool.name, held.name, !old, edit, old));
      }} />
    </Dialog>
  );
}

function Resetting({ pool, action, onClose, onDone }: Props) {
  const [from, setFrom] = useState("");
  const [strength, setStrength] = useState(10);
  const [plan, setPlan] = useState<Plan>();
  if (action.kind !== "reset") return null;
  const { arm, stats } = action;
  if (plan) return <Review plan={plan} onClose={onClose} onDone={onDone} back={() => setPlan(undefined)} />;
  return (
    <Dialog title={`Reset ${arm.name}`} onClose={onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); setPlan(resetPlan(pool.name, arm.name, stats, from.trim(), strength)); }}>
        <p>A reset forgets what was learned of this arm, as for a new model under its name.</p>
        <div class="fields">
          <Field label="Start with what another arm learned" hint="The arm's name. Empty: start with the prior alone.">
            <input value={from} autocomplete="off" onInput={(event) => setFrom(event.currentTarget.value)} />
          </Field>
          <Field label="That counts as (outcomes)">
            <input type="number" min={1} step={1} value={strength} onInput={(event) => setStrength(event.currentTarget.valueAsNumber || 10)} />
          </Field>
        </div>
        <div class="dialog-foot"><button type="button" onClick={onClose}>Cancel</button><button type="submit" class="primary">Review</button></div>
      </form>
    </Dialog>
  );
}
