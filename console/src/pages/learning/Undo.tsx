import { useState } from "preact/hooks";
import { undoImport } from "../../api/calls";
import { int } from "../../api/numbers";
import type { Pool, UndoImportResponse } from "../../api/types";
import { useStore } from "../../store";
import * as f from "../../text/format";
import { Card, Field } from "../../ui/parts";
import { Review, type Plan } from "../../ui/Review";
import { imports } from "./imports";

export function Undo({ pool }: { pool: Pool }) {
  const [id, setId] = useState("");
  const [plan, setPlan] = useState<Plan>();
  const [answer, setAnswer] = useState<UndoImportResponse>();
  const known = useStore(imports).filter((one) => one.startsWith(`${pool.name}\n`)).map((one) => one.slice(pool.name.length + 1));

  function ask() {
    const name = id.trim();
    setAnswer(undefined);
    setPlan({
      title: "Undo an import", verb: "Undo", done: "The import was taken back", isDangerous: true,
      difference: async () => ({ changes: [`Everything that the import "${name}" taught is taken back, outcome by outcome.`], notes: [] }),
      apply: async () => setAnswer(await undoImport(pool.name, name)),
    });
  }
  return (
    <Card title="Undo an import" note="Takes back what an import taught this pool.">
      <form class="tools" onSubmit={(event) => { event.preventDefault(); ask(); }}>
        <Field label="Name of the import">
          <input value={id} required list="imports" autocomplete="off" onInput={(event) => setId(event.currentTarget.value)} />
        </Field>
        <datalist id="imports">{known.map((one) => <option key={one} value={one} />)}</datalist>
        <button type="submit">Review</button>
      </form>
      {known.length > 0 && <p class="note">Made in this tab: {known.map((one) => <button key={one} type="button" class="small plain" onClick={() => setId(one)}>{one}</button>)}</p>}
      {answer && <p role="status">{f.plural(int(answer.outcomes), "outcome")} of {f.plural(int(answer.queries), "query", "queries")} taken back.</p>}
      {plan && <Review plan={plan} onClose={() => setPlan(undefined)} onDone={() => setPlan(undefined)} />}
    </Card>
  );
}
