// Where each arm is best: groups of similar past queries.
import { listQueryGroups } from "../../api/calls";
import type { ListQueryGroupsResponse, QueryGroup } from "../../api/insight";
import { estimate, int } from "../../api/numbers";
import type { Pool } from "../../api/types";
import { Whisker } from "../../charts/bars";
import * as f from "../../text/format";
import { Card, Empty, Load, Skeleton } from "../../ui/parts";
import { useCall } from "../../ui/useCall";

const GROUPS = 8;
const ARMS_SHOWN = 5;

export function Groups({ pool }: { pool: Pool }) {
  const loaded = useCall(pool.name, (signal) => listQueryGroups(pool.name, GROUPS, signal));
  return (
    <Card title="Where each is best" note="Past queries in groups of similar ones, and how the arms did in each. Lines are 95% intervals.">
      <Load of={loaded} skeleton={<Skeleton lines={5} tall />}>{(data) => <Shown data={data} />}</Load>
    </Card>
  );
}

function Shown({ data }: { data: ListQueryGroupsResponse }) {
  const groups = data.groups ?? [];
  if (groups.length === 0) return <Empty title="No past query is known"><p>Groups appear when outcomes were learned.</p></Empty>;
  return (
    <>
      <div class="grid">{groups.map((group, i) => <Group key={i} group={group} number={i + 1} />)}</div>
      <p class="note">From {f.plural(data.outcomes ?? 0, "past outcome")}.{!data.hasWords &&
        " The groups have no words, since this pool does not store the text of queries (setting store_query_text)."}</p>
    </>
  );
}

function Group({ group, number }: { group: QueryGroup; number: number }) {
  const words = (group.words ?? []).join(", ");
  const arms = (group.arms ?? []).slice(0, ARMS_SHOWN);
  return (
    <section>
      <div class="group-head"><h3>{words || `Group ${number}`}</h3><span class="note">{f.percent(group.share ?? 0)}</span></div>
      {(group.examples ?? [])[0] && <p class="note text">“{group.examples![0]!.replaceAll("\\x0a", " ").slice(0, 160)}”</p>}
      <div class="group-arms">
        {arms.map((one) => {
          const known = estimate(one.quality);
          return [
            <span key={one.arm} title={one.arm}>{one.arm}</span>,
            <Whisker key={`${one.arm} drawn`} mean={known?.mean} half={known?.half ?? Number.NaN} />,
            <span key={`${one.arm} said`}>{f.estimated(f.quality, known)}<span class="hidden"> from {int(one.quality?.count)} outcomes</span></span>,
          ];
        })}
      </div>
    </section>
  );
}
