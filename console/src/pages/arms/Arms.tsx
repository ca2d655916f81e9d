// The arms of a pool: what is known of each, and what an operator can do with it.
import { useEffect, useState } from "preact/hooks";
import type { Pool } from "../../api/types";
import { address, replaceQuery } from "../../route";
import { useStore } from "../../store";
import * as f from "../../text/format";
import { Card, Empty, Field, Head, Load, ReadOnly, Skeleton } from "../../ui/parts";
import { useViewer } from "../../ui/viewer";
import { armsOf } from "../pools/PoolPage";
import { Actions, type Action } from "./Actions";
import { ArmTable } from "./ArmTable";
import { Groups } from "./Groups";
import { PER_PAGE, useArmPage, type ArmPage } from "./useArmPage";

const TYPING_MS = 250;

export function Arms({ pool }: { pool: Pool }) {
  const { query } = useStore(address);
  const { mayEdit } = useViewer();
  const [action, setAction] = useState<Action>();
  const search = query.get("search") ?? "";
  const withRemoved = query.get("removed") === "1";
  const arms = useArmPage(pool, search, withRemoved);
  const [typed, setTyped] = useState(search);
  useEffect(() => setTyped(search), [search]);
  useEffect(() => {
    const timer = setTimeout(() => typed !== search && filter({ search: typed || undefined }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const filter = (change: Record<string, string | undefined>) =>
    replaceQuery({ search: search || undefined, removed: withRemoved ? "1" : undefined, ...change });

  return (
    <>
      <Head title="Arms" lead={`${f.plural(pool.armsActive ?? 0, "active arm")}, ${f.count(pool.armsPaused ?? 0)} paused. Lines are 95% intervals.`}>
        {mayEdit && <button type="button" class="primary" onClick={() => setAction({ kind: "add" })}>Add an arm</button>}
      </Head>
      <ReadOnly />
      <Card>
        <div class="tools">
          <Field label="Search by name"><input type="search" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></Field>
          <label class="check">
            <input type="checkbox" checked={withRemoved} onChange={(event) => filter({ removed: event.currentTarget.checked ? "1" : undefined })} />
            With removed arms
          </label>
        </div>
        <Load of={arms} skeleton={<Skeleton lines={8} tall />}>
          {(data) => (
            <>
              {data.arms.length === 0 ? <None search={search} mayEdit={mayEdit} />
                : <ArmTable arms={data.arms} stats={data.stats} mayEdit={mayEdit} onAction={(kind, arm, stats) => setAction({ kind, arm, stats })} />}
              <div class="pager">
                <button type="button" disabled={arms.page === 0} onClick={arms.toPrevious}>Previous</button>
                <button type="button" disabled={data.next === ""} onClick={arms.toNext}>Next</button>
                <span role="status">{rangeText(data, arms.page, search || withRemoved ? undefined : armsOf(pool))}</span>
              </div>
            </>
          )}
        </Load>
      </Card>
      <Groups pool={pool} />
      {action && <Actions pool={pool} action={action} onClose={() => setAction(undefined)} onDone={() => { setAction(undefined); arms.reload(); }} />}
    </>
  );
}

function rangeText(data: ArmPage, page: number, total: number | undefined): string {
  if (data.arms.length === 0) return "none";
  const range = `${f.count(page * PER_PAGE + 1)} to ${f.count(page * PER_PAGE + data.arms.length)}`;
  return total === undefined ? range : `${range} of ${f.count(total)}`;
}

function None({ search, mayEdit }: { search: string; mayEdit: boolean }) {
  if (search) return <Empty title={`No arm has "${search}" in its name`} />;
  return <Empty title="This pool has no arm"><p>{mayEdit ? "Add one with the button above." : "An operator can add one."}</p></Empty>;
}
