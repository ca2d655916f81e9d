// Shows what a change would do, and does it only then.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asFault, type Fault } from "../api/errors";
import { arrow } from "../text/format";
import { Dialog } from "./Dialog";
import { Failure, Skeleton } from "./parts";
import { say } from "./say";

export interface Difference { changes: string[]; notes: string[] }
export interface Plan {
  title: string;
  difference: () => Promise<Difference>;
  apply: () => Promise<unknown>;
  verb: string;
  done: string;
  isDangerous?: boolean;
}

export function Review({ plan, onClose, onDone, back }:
    { plan: Plan; onClose: () => void; onDone: () => void; back?: () => void }) {
  const [difference, setDifference] = useState<Difference>();
  const [fault, setFault] = useState<Fault>();
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => {
    plan.difference().then(setDifference, (error) => setFault(asFault(error)));
  }, [plan]);

  async function apply() {
    setIsBusy(true);
    setFault(undefined);
    try {
      await plan.apply();
      say(plan.done);
      onDone();
    } catch (error) {
      setFault(asFault(error));
      setIsBusy(false);
    }
  }

  const isNothing = difference !== undefined && difference.changes.length === 0;
  return (
    <Dialog title={plan.title} onClose={onClose}>
      {fault && <Failure fault={fault} />}
      {!difference && !fault && <Skeleton lines={2} />}
      {difference && <Changes difference={difference} />}
      <div class="dialog-foot">
        {back && <button type="button" onClick={back}>Back</button>}
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" class={plan.isDangerous ? "danger" : "primary"} onClick={apply}
                disabled={!difference || isNothing || isBusy}>{plan.verb}</button>
      </div>
    </Dialog>
  );
}

function Changes({ difference }: { difference: Difference }): ComponentChildren {
  if (difference.changes.length === 0) return <p>Nothing would change.</p>;
  return (
    <>
      <p>This will change:</p>
      <ul class="changes">{difference.changes.map((line) => <li key={line}>{arrow(line)}</li>)}</ul>
      {difference.notes.length > 0 && (
        <>
          <p>Note:</p>
          <ul class="notes">{difference.notes.map((line) => <li key={line}>{line}</li>)}</ul>
        </>
      )}
    </>
  );
}
