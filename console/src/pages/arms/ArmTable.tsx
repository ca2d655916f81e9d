import { half95, int } from "../../api/numbers";
import type { Arm, ArmStats } from "../../api/types";
import { Whisker } from "../../charts/bars";
import * as f from "../../text/format";
import { hasPrice } from "../../text/history";
import { DataTable } from "../../ui/DataTable";
import { Badge } from "../../ui/parts";

export type Kind = "edit" | "pause" | "resume" | "reset" | "remove";

interface Props {
  arms: Arm[]; stats: Map<string, ArmStats>; mayEdit: boolean; onAction: (kind: Kind, arm: Arm, stats: ArmStats | undefined) => void;
}

const FAILING = 0.1;

function Health({ arm, stats }: { arm: Arm; stats: ArmStats | undefined }) {
  if (arm.status === "REMOVED") return <Badge kind="quiet">removed</Badge>;
  if (arm.status === "PAUSED") return <Badge kind="quiet">paused</Badge>;
  if (int(stats?.rateLimitedUntilUnixMs) > Date.now()) return <Badge kind="warn">rate-limited</Badge>;
  if ((stats?.errorRate ?? 0) > FAILING) return <Badge kind="bad">failing</Badge>;
  if (stats?.isWatched) return <Badge kind="warn">watched</Badge>;
  if (!stats) return <Badge kind="quiet">active</Badge>;
  return int(stats.outcomes) === 0 ? <Badge kind="quiet">not tried yet</Badge> : <Badge kind="good">healthy</Badge>;
}

function healthNote(stats: ArmStats | undefined): string {
  if (int(stats?.rateLimitedUntilUnixMs) > Date.now()) return `until ${f.time(int(stats?.rateLimitedUntilUnixMs))}`;
  return stats ? `${f.percent(stats.errorRate ?? 0)} errors` : "";
}

function priceNote(arm: Arm): string {
  const parts: string[] = [];
  if (arm.usdPer1mInput !== undefined || arm.usdPer1mOutput !== undefined) parts.push("for a million tokens");
  if (arm.usdPerRequest !== undefined) parts.push(`${f.usd(arm.usdPerRequest)} a request`);
  return parts.join(", ");
}

export function ArmTable({ arms, stats, mayEdit, onAction }: Props) {
  const of = (arm: Arm) => stats.get(arm.name);
  return (
    <DataTable label="Arms" rows={arms} rowKey={(arm) => arm.name} columns={[
      { name: "Arm", cell: (arm) => <Name arm={arm} />, note: (arm) => mayEdit && <Buttons arm={arm} onAction={(kind) => onAction(kind, arm, of(arm))} /> },
      { name: "Health", cell: (arm) => <Health arm={arm} stats={of(arm)} />, note: (arm) => healthNote(of(arm)) },
      { name: "Quality level", kind: "drawing", cell: (arm) => <Whisker mean={of(arm) && (of(arm)?.level ?? 0)} half={half95(of(arm)?.levelStddev)} />,
        note: (arm) => (of(arm) ? `${f.interval(f.quality, of(arm)?.level ?? 0, half95(of(arm)?.levelStddev))} from ${f.plural(int(of(arm)?.outcomes), "outcome")}` : f.UNKNOWN) },
      { name: "Share", kind: "number", cell: (arm) => (of(arm) ? f.percent(of(arm)?.share ?? 0) : f.UNKNOWN),
        note: (arm) => (of(arm) ? f.plural(int(of(arm)?.decisions), "decision") : "") },
      { name: "Cost of an answer", kind: "number", cell: (arm) => f.usd(of(arm)?.costUsd) },
      { name: "Latency", kind: "number", cell: (arm) => f.ms(of(arm)?.latencyMs),
        note: (arm) => (of(arm)?.latencyP95Ms === undefined ? "" : `95% within ${f.ms(of(arm)?.latencyP95Ms)}`) },
      { name: "Price in, out", kind: "number", cell: (arm) => (hasPrice(arm) ? `${f.usd(arm.usdPer1mInput)}, ${f.usd(arm.usdPer1mOutput)}` : <Badge kind="warn">no price</Badge>), note: priceNote },
    ]} />
  );
}

function Name({ arm }: { arm: Arm }) {
  return (
    <>
      {arm.name}{arm.version && <span class="sub">version {arm.version}</span>}
      {arm.description && <span class="sub describes" title={arm.description}>{arm.description}</span>}
      {(arm.tags ?? []).length > 0 && <span class="tags">{arm.tags!.map((tag) => <Badge key={tag} kind="quiet">{tag}</Badge>)}</span>}
    </>
  );
}

function Buttons({ arm, onAction }: { arm: Arm; onAction: (kind: Kind) => void }) {
  if (arm.status === "REMOVED") return null;
  const button = (kind: Kind, text: string) => (
    <button key={kind} type="button" class="link" aria-label={`${text} ${arm.name}`} onClick={() => onAction(kind)}>{text}</button>
  );
  return (
    <span class="row-actions">
      {button("edit", "Edit")}
      {arm.status === "PAUSED" ? button("resume", "Resume") : button("pause", "Pause")}
      {button("reset", "Reset")}
      {button("remove", "Remove")}
    </span>
  );
}
