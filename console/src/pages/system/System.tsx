// The server itself: what runs, what is on its disk, and its limits.
import { useMemo, useState } from "preact/hooks";
import { backup } from "../../api/calls";
import { asFault, type Fault } from "../../api/errors";
import type { EmbedderState, GetServerResponse, LimitValue, PoolLog } from "../../api/insight";
import { int } from "../../api/numbers";
import type { BackupResponse } from "../../api/types";
import * as f from "../../text/format";
import { DataTable } from "../../ui/DataTable";
import { Badge, Card, Empty, Failure, Field, Head, Load, ReadOnly, Skeleton, Stat } from "../../ui/parts";
import { say } from "../../ui/say";
import type { Loaded } from "../../ui/useCall";
import { useViewer } from "../../ui/viewer";

export function System({ server }: { server: Loaded<GetServerResponse> }) {
  return (
    <>
      <Head title="System" lead="The server that this page came from." />
      <Load of={server} skeleton={<><Card><Skeleton lines={4} tall /></Card><Card><Skeleton lines={6} tall /></Card></>}>
        {(data) => (
          <>
            <Server data={data} />
            <Logs pools={data.pools ?? []} />
            <Embedders all={data.embedders ?? []} />
            <Backup />
            <Limits all={data.limits ?? []} />
          </>
        )}
      </Load>
    </>
  );
}

function Server({ data }: { data: GetServerResponse }) {
  const uptime = (int(data.nowUnixMs) - int(data.startedAtUnixMs)) / 1000;
  return (
    <Card>
      {data.storageProblem && <p class="failure" role="alert"><strong>Nothing can be written.</strong> {data.storageProblem}</p>}
      {data.snapshotProblem && <p class="failure" role="alert"><strong>The last snapshot failed.</strong> {data.snapshotProblem}</p>}
      <dl class="stats">
        <Stat name="Version" value={data.version ?? f.UNKNOWN} />
        <Stat name="Runs for" value={f.duration(uptime)} note={`since ${f.time(int(data.startedAtUnixMs))}`} />
        <Stat name="You" value={data.caller || "anyone"} note={data.caller ? `scopes: ${(data.scopes ?? []).join(", ") || "none"}` : "this server asks for no token"} />
        <Stat name="Storage" value={<Badge kind={data.storageProblem ? "bad" : "good"}>{data.storageProblem ? "broken" : "works"}</Badge>}
              note={data.snapshotProblem ? "snapshots fail" : "snapshots work"} />
        <Stat name="Data folder" value={f.bytes(int(data.dataBytes))} />
        <Stat name="Free on its disk" value={f.bytes(int(data.diskFreeBytes))} />
        <Stat name="Queue of the log" value={f.count(int(data.queueDepth))} note={`of at most ${f.count(int(data.queueDepthMax))} commands`} />
      </dl>
    </Card>
  );
}

function Logs({ pools }: { pools: PoolLog[] }) {
  return (
    <Card title="Logs and snapshots" note="Each change is an event of its pool's log. After a restart, events after the snapshot are replayed.">
      {pools.length === 0 ? <Empty title="There is no pool yet" /> : (
        <DataTable label="Logs and snapshots" rows={pools} rowKey={(one) => one.pool} columns={[
          { name: "Pool", cell: (one) => one.pool },
          { name: "Newest event", kind: "number", cell: (one) => f.count(int(one.sequence)) },
          { name: "Snapshot", kind: "number", cell: (one) => (int(one.snapshotSequence) ? f.count(int(one.snapshotSequence)) : "none") },
          { name: "To replay", kind: "number", cell: (one) => f.count(Math.max(0, int(one.sequence) - int(one.snapshotSequence))) },
          { name: "Oldest event", kind: "number", cell: (one) => (int(one.firstSequence) ? f.count(int(one.firstSequence)) : "none") },
          { name: "Past outcomes in the index", kind: "number", cell: (one) => f.count(int(one.experienceSize)) },
        ]} />
      )}
    </Card>
  );
}

function Embedders({ all }: { all: EmbedderState[] }) {
  if (all.length === 0) return null;
  return (
    <Card title="Remote embedders">
      <DataTable label="Remote embedders" rows={all} rowKey={(one) => one.endpoint} columns={[
        { name: "Embedder", cell: (one) => one.endpoint, note: (one) => one.model },
        { name: "State", cell: (one) => <Badge kind={one.lastFault ? "bad" : "good"}>{one.lastFault ? "fails" : "works"}</Badge>, note: (one) => one.lastFault },
        { name: "Calls", kind: "number", cell: (one) => f.count(int(one.calls)) },
        { name: "Failed", kind: "number", cell: (one) => f.count(int(one.failed)) },
        { name: "Texts", kind: "number", cell: (one) => f.count(int(one.texts)) },
        { name: "Waiting", kind: "number", cell: (one) => f.count(int(one.waiting)) },
      ]} />
    </Card>
  );
}

function Backup() {
  const { mayEdit } = useViewer();
  const [name, setName] = useState("");
  const [made, setMade] = useState<BackupResponse>();
  const [fault, setFault] = useState<Fault>();
  const [isBusy, setIsBusy] = useState(false);
  async function run() {
    setIsBusy(true);
    setFault(undefined);
    setMade(undefined);
    try {
      const answer = await backup(name.trim());
      setMade(answer);
      say("The backup is made");
    } catch (error) {
      setFault(asFault(error));
    }
    setIsBusy(false);
  }
  return (
    <Card title="Backup" note="Copies the data folder below the server's backup_dir, while the server continues.">
      {!mayEdit ? <ReadOnly /> : (
        <form class="tools" onSubmit={(event) => { event.preventDefault(); void run(); }}>
          <Field label="Name"><input value={name} autocomplete="off" placeholder="the time" pattern="[A-Za-z0-9_][A-Za-z0-9._\-]*"
                                     onInput={(event) => setName(event.currentTarget.value)} /></Field>
          <button type="submit" disabled={isBusy}>{isBusy ? "Copying …" : "Back up now"}</button>
        </form>
      )}
      {fault && <Failure fault={fault} />}
      {made && <p>Made <code>{made.folder}</code>: {f.plural(int(made.files), "file")}, {f.bytes(int(made.bytes))}.</p>}
    </Card>
  );
}

function Limits({ all }: { all: LimitValue[] }) {
  const [search, setSearch] = useState("");
  const shown = useMemo(() => all.filter((one) => one.name.includes(search.trim())), [all, search]);
  return (
    <Card title="Limits" note="The server's config sets them.">
      <div class="tools"><Field label="Search"><input type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} /></Field></div>
      {shown.length === 0 ? <Empty title={all.length ? `No limit has "${search}" in its name` : "The server names no limit"} /> : (
        <DataTable label="Limits" rows={shown} rowKey={(one) => one.name} columns={[
          { name: "Limit", cell: (one) => <code>{one.name}</code> },
          { name: "Value", kind: "number", cell: (one) => f.count(int(one.value)) },
          { name: "A change takes effect", cell: (one) => (one.isLive ? "at a reload" : "at a restart") },
        ]} />
      )}
    </Card>
  );
}
