// A decision explained: candidates, the parts of their utility, similar past queries.
import type { SimilarQuery, TryQueryResponse, UtilityParts } from "../../api/insight";
import { half95, int } from "../../api/numbers";
import type { RankedArm } from "../../api/types";
import { reachOf, UtilityBar, type Parts } from "../../charts/bars";
import { link } from "../../route";
import * as f from "../../text/format";
import { preferenceText } from "../../text/preference";
import { DataTable } from "../../ui/DataTable";
import { Badge, Card, Empty } from "../../ui/parts";

const CANDIDATES_SHOWN = 50;

export function Answer({ pool, answer }: { pool: string; answer: TryQueryResponse }) {
  const decision = answer.decision ?? {};
  const ranking = decision.ranking ?? [];
  const notes = decision.notes ?? [];
  return (
    <>
      <Card>
        <p class="answer">This time <strong>{decision.arm ?? "no arm"}</strong> would answer. Its chance was {f.percent(decision.propensity ?? 0)}.{" "}
          {ranking[0] && (ranking[0].arm === decision.arm ? <Badge kind="good">best by utility</Badge>
            : <Badge kind="quiet">explored: the best by utility is {ranking[0].arm}</Badge>)}</p>
        <p class="note">Preference: {preferenceText(answer.preference)}. One point of quality weighs as much as {f.usd(answer.costScaleUsd)} or {f.ms(answer.latencyScaleMs)} at equal weights.</p>
        {decision.embedderFallback && <p class="failure">The embedder did not answer, so this was decided without a vector.</p>}
        {notes.length > 0 && <ul class="notes">{notes.map((note) => <li key={note}>{note}</li>)}</ul>}
      </Card>
      <Candidates ranking={ranking} parts={answer.parts ?? []} chosen={decision.arm} />
      <Rejected arms={decision.notCandidates ?? []} />
      <Neighbours pool={pool} all={answer.neighbours ?? []} />
    </>
  );
}

const partsOf = (parts: UtilityParts | undefined): Parts =>
  ({ quality: parts?.quality ?? 0, cost: parts?.cost ?? 0, latency: parts?.latency ?? 0 });

function Candidates({ ranking, parts, chosen }: { ranking: RankedArm[]; parts: UtilityParts[]; chosen: string | undefined }) {
  const shown = ranking.slice(0, CANDIDATES_SHOWN);
  const byArm = new Map(parts.map((one) => [one.arm, partsOf(one)]));
  const reach = reachOf([...byArm.values()]);
  const of = (one: RankedArm) => byArm.get(one.arm) ?? partsOf(undefined);
  return (
    <Card title="Candidates" note="The best by utility first. Utility is quality minus cost minus latency, each times its weight.">
      <div class="key" aria-hidden="true">
        <span><i class="key-quality" />quality</span><span><i class="key-cost" />cost</span>
        <span><i class="key-latency" />latency</span><span><i class="key-sum" />utility, their sum</span>
      </div>
      <DataTable label="Candidates" rows={shown} rowKey={(one) => one.arm} columns={[
        { name: "Arm", cell: (one) => <>{one.arm}{one.arm === chosen && <> <Badge kind="good">drawn</Badge></>}</>, note: (one) => one.reason },
        { name: "Chance", kind: "number", cell: (one) => f.percent(one.probability ?? 0),
          note: (one) => ((one.inclusion ?? 0) < 1 ? `a candidate with ${f.percent(one.inclusion ?? 0)}` : "") },
        { name: "Quality − cost − latency", kind: "drawing", cell: (one) => <UtilityBar parts={of(one)} reach={reach} />,
          note: (one) => `${f.quality(of(one).quality)} − ${f.quality(of(one).cost)} − ${f.quality(of(one).latency)}` },
        { name: "Utility", kind: "number", cell: (one) => f.quality(one.utility ?? 0) },
        { name: "Expected quality", kind: "number", cell: (one) => f.interval(f.quality, one.expected?.quality ?? 0, half95(one.expected?.qualityStddev)) },
        { name: "Expected cost", kind: "number", cell: (one) => f.usd(one.expected?.costUsd) },
        { name: "Expected latency", kind: "number", cell: (one) => f.ms(one.expected?.latencyMs) },
      ]} />
      {ranking.length > shown.length && <p class="note">The {shown.length} best of {f.count(ranking.length)} candidates.</p>}
    </Card>
  );
}

function Rejected({ arms }: { arms: { arm: string; reason?: string }[] }) {
  if (arms.length === 0) return null;
  return (
    <Card title="Could not be chosen">
      <DataTable label="Arms that could not be chosen" rows={arms.slice(0, CANDIDATES_SHOWN)} rowKey={(one) => one.arm} columns={[
        { name: "Arm", cell: (one) => one.arm }, { name: "Why", cell: (one) => one.reason },
      ]} />
      {arms.length > CANDIDATES_SHOWN && <p class="note">{f.count(arms.length - CANDIDATES_SHOWN)} more are not shown.</p>}
    </Card>
  );
}

function Neighbours({ pool, all }: { pool: string; all: SimilarQuery[] }) {
  return (
    <Card title="Similar past queries" note="How arms did there moves their expected quality here.">
      {all.length === 0 ? <Empty title="No past query is similar"><p>The decision rests on what is known of the arms in general.</p></Empty> : (
        <DataTable label="Similar past queries" rows={all} rowKey={(_, i) => String(i)} columns={[
          { name: "Query", kind: "text", cell: (one) => one.queryText || "Its text is not stored",
            note: (one) => <>{one.decisionId ? <a href={link(["pool", pool, "decisions", one.decisionId])}>decision</a> : "the log no longer has it"}
              {int(one.timeUnixMs) > 0 && `, ${f.time(int(one.timeUnixMs))}`}</> },
          { name: "Similarity", kind: "number", cell: (one) => f.quality(one.similarity ?? 0) },
          { name: "Arm", cell: (one) => one.arm },
          { name: "Quality", kind: "number", cell: (one) => f.quality(one.quality ?? 0) },
          { name: "Weight", kind: "number", cell: (one) => f.quality(one.weight ?? 0) },
        ]} />
      )}
    </Card>
  );
}
