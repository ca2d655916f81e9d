import type { Span } from "../../text/history";
import { Choice } from "../../ui/parts";

export function SpanChoice({ span, onChange }: { span: Span; onChange: (span: Span) => void }) {
  return <Choice label="Time that is shown" value={span} onChange={onChange}
                 options={[["hour", "Hour"], ["day", "Day"], ["week", "Week"]]} />;
}
