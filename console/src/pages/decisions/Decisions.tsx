// The decisions that are kept, with filters that live in the address.
import { useEffect, useState } from "preact/hooks";
import { listDecisions } from "../../api/calls";
import { asFault, type Fault } from "../../api/errors";
import type { DecisionSummary, ListDecisionsResponse } from "../../api/insight";
import { int } from "../../api/numbers";
import type { Pool } from "../../api/types";
import { address, link, replaceQuery } from "../../route";
import { useStore } from "../../store";
import * as f from "../../text/format";
import { DataTable } from "../../ui/DataTable";
import { Badge, Card, Empty, Failure, Head, Load, Skeleton } from "../../ui/parts";
import { useCall } from "../../ui/useCall";
import { Filters } from "./Filters";

const REFRESH_MS = 5000;
const PER_PAGE = 50;

function requestOf(pool: string, query: URLSearchParams): object {
  const time = (name: string) => {
    const at = Date.parse(query.get(name) ?? "");
    return Number.isFinite(at) ? String(at) : undefined;
  };
  const number = (name: string) => (query.get(name) ? Number(query.get(name)) : undefined);
  return {
    pool, pageSize: PER_PAGE, arm: query.get("arm") ?? undefined, fromUnixMs: time("from"), beforeUnixMs: time("before"),
    feedback: query.get("feedback") ?? undefined, qualityMin: number("least"), qualityMax: number("most"),
    text: query.get("text") ?? undefined,
  };
}

export function Decisions({ pool }: { pool: Pool }) {
  const { query } = useStore(address);
  const request = requestOf(pool.name, query);
  const first = useCall(JSON.stringify(request), (signal) => listDecisions(request, signal), { everyMs: REFRESH_MS });
  const isFiltered = [...query.keys()].length > 0;
  return (
    <>
      <Head title="Decisions" lead="The newest first. Open one to see every candidate as it was then." />
      <Card><Filters query={query} storesText={pool.settings?.storeQueryText ?? false} onChange={replaceQuery} /></Card>
      <Card>
        <Load of={first} skeleton={<Skeleton lines={8} tall />}>
          {(data) => <List key={JSON.stringify(request)} pool={pool.name} request={request} first={data} isFiltered={isFiltered} />}
        </Load>
      </Card>
    </>
  );
}

// The first page refreshes until older ones are loaded.
function List({ pool, request, first, isFiltered }:
    { pool: string; request: object; first: ListDecisionsResponse; isFiltered: boolean }) {
  const [held, setHeld] = useState<{ decisions: DecisionSummary[]; next: string; searched: number }>();
  const [fault, setFault] = useState<Fault>();
  const [isBusy, setIsBusy] = useState(false);
  const decisions = held?.decisions ?? first.decisions ?? [];
  const next = held ? held.next : first.nextPageToken ?? "";
  const searched = held?.searched ?? first.searched ?? 0;

  async function more() {
    setIsBusy(true);
    setFault(undefined);
    try {
      const page = await listDecisions({ ...request, pageToken: next });
      setHeld({ decisions: [...decisions, ...(page.decisions ?? [])], next: page.nextPageToken ?? "",
                searched: searched + (page.searched ?? 0) });
    } catch (error) {
      setFault(asFault(error));
    }
    setIsBusy(false);
  }
  // A filter that few decisions pass: look on by itself until something is found.
  useEffect(() => {
    if (decisions.length === 0 && next && !isBusy && !fault && searched < 50_000) void more();
  }, [decisions.length, next]);

  return (
    <>
      {decisions.length > 0 && <Table pool={pool} decisions={decisions} />}
      {decisions.length === 0 && !next && (
        <Empty title={isFiltered ? "No decision passes these filters" : "No decision is kept"}>
          <p>{isFiltered ? "Take some filters away." : "Decisions appear here when an app asks this pool."}</p>
        </Empty>
      )}
      {fault && <Failure fault={fault} retry={more} />}
      <div class="pager" aria-live="polite">
        {next && <button type="button" onClick={more} disabled={isBusy}>{isBusy ? "Looking …" : "Older decisions"}</button>}
        <span>{f.plural(decisions.length, "decision")} shown, {f.count(searched)} searched{next ? "" : ", that was all"}</span>
      </div>
    </>
  );
}

export function OutcomeBadge({ decision }: { decision: DecisionSummary }) {
  const outcome = decision.outcome;
  if (!outcome) return <Badge kind="quiet">no feedback</Badge>;
  if (outcome.error || outcome.errorKind) return <Badge kind="bad">{(outcome.errorKind ?? "failed").toLowerCase().replaceAll("_", " ")}</Badge>;
  return <Badge kind="good">{outcome.quality === undefined ? "reported" : `quality ${f.quality(outcome.quality)}`}</Badge>;
}

function Table({ pool, decisions }: { pool: string; decisions: DecisionSummary[] }) {
  const hasText = decisions.some((one) => one.queryText);
  return (
    <DataTable label="Decisions" rows={decisions} rowKey={(one) => one.decisionId} columns={[
      { name: "Made at", cell: (one) => <a href={link(["pool", pool, "decisions", one.decisionId])}>{f.time(int(one.timeUnixMs))}</a> },
      hasText && { name: "Query", kind: "text", cell: (one) => one.queryText || f.UNKNOWN },
      { name: "Arm", cell: (one) => one.arm, note: (one) => (one.group === "CONTROL" ? "control group" : one.mode === "GREEDY" ? "greedy" : one.isBest ? "best by utility" : "explored") },
      { name: "Chance", kind: "number", cell: (one) => f.percent(one.propensity ?? 0), note: (one) => `of ${f.plural(one.candidates ?? 0, "candidate")}` },
      { name: "Outcome", cell: (one) => <OutcomeBadge decision={one} />, note: (one) => `expected ${f.quality(one.expected?.quality ?? 0)}` },
      { name: "Cost", kind: "number", cell: (one) => f.usd(one.outcome?.costUsd), note: (one) => `expected ${f.usd(one.expected?.costUsd)}` },
      { name: "Latency", kind: "number", cell: (one) => f.ms(one.outcome?.latencyMs), note: (one) => `expected ${f.ms(one.expected?.latencyMs)}` },
    ]} />
  );
}
