// What the pool learned from, over its own log; what other policies would have earned; and outcomes from elsewhere.
import type { Pool } from "../../api/types";
import { Head, ReadOnly } from "../../ui/parts";
import { useViewer } from "../../ui/viewer";
import { DataReplay } from "./DataReplay";
import { Import } from "./Import";
import { Policies } from "./Policies";
import { Replay } from "./Replay";
import { Undo } from "./Undo";

export function Learning({ pool }: { pool: Pool }) {
  const { mayEdit } = useViewer();
  return (
    <>
      <Head title="Learning" lead="The outcomes that this pool learned from, in the order of its log." />
      <Replay pool={pool} />
      <Policies pool={pool} />
      {mayEdit && <DataReplay pool={pool} />}
      {mayEdit ? <div class="grid"><Import pool={pool} /><Undo pool={pool} /></div> : <ReadOnly />}
    </>
  );
}
