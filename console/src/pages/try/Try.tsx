// What would happen with this query now. A preview: nothing is recorded, and nothing is learned.
import { useRef, useState } from "preact/hooks";
import { tryQuery } from "../../api/calls";
import { asFault, type Fault } from "../../api/errors";
import type { TryQueryResponse } from "../../api/insight";
import type { Pool } from "../../api/types";
import { normalised, rounded } from "../../text/preference";
import { Card, Empty, Failure, Head, Skeleton } from "../../ui/parts";
import { say } from "../../ui/say";
import { percent } from "../../text/format";
import { emptyForm, requestOf, TryForm, type Form } from "./TryForm";
import { Answer } from "./Answer";

const NEIGHBOURS = 10;

export function Try({ pool }: { pool: Pool }) {
  const [form, setForm] = useState<Form>(() => emptyForm(rounded(normalised(pool.settings?.defaultPreference))));
  const [answer, setAnswer] = useState<TryQueryResponse>();
  const [fault, setFault] = useState<Fault>();
  const [isBusy, setIsBusy] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);

  async function run() {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setIsBusy(true);
    setFault(undefined);
    try {
      const got = await tryQuery(requestOf(pool, form), NEIGHBOURS, abort.signal);
      setAnswer(got);
      say(`${got.decision?.arm ?? "No arm"}, with a chance of ${percent(got.decision?.propensity ?? 0)}`, false);
    } catch (error) {
      if (abort.signal.aborted) return;
      setAnswer(undefined);
      setFault(asFault(error));
    }
    setIsBusy(false);
  }

  return (
    <>
      <Head title="Try a query" lead="See which arm would answer, and why. This is a preview: it teaches nothing, and nothing is recorded." />
      <Card><TryForm pool={pool} form={form} onChange={setForm} onRun={run} isBusy={isBusy} /></Card>
      <div aria-busy={isBusy}>
        {fault && <Failure fault={fault} retry={run} />}
        {answer && <Answer pool={pool.name} answer={answer} />}
        {!answer && !fault && (isBusy ? <Card><Skeleton lines={6} tall /></Card>
          : <Empty title="No query yet"><p>Type one above. Ctrl+Enter decides it.</p></Empty>)}
      </div>
    </>
  );
}
