import { useEffect, useState } from "preact/hooks";
import { Field } from "../../ui/parts";

const NAMES = ["arm", "feedback", "from", "before", "least", "most", "text"] as const;
type Values = Partial<Record<(typeof NAMES)[number], string>>;
const WAIT_MS = 300;

function valuesOf(query: URLSearchParams): Values {
  const values: Values = {};
  for (const name of NAMES) {
    const text = query.get(name);
    if (text) values[name] = text;
  }
  return values;
}

export function Filters({ query, storesText, onChange }:
    { query: URLSearchParams; storesText: boolean; onChange: (values: Record<string, string | undefined>) => void }) {
  const [values, setValues] = useState<Values>(valuesOf(query));
  // Another address fills the form again; typing changes the address a moment later.
  useEffect(() => setValues(valuesOf(query)), [query]);
  useEffect(() => {
    if (JSON.stringify(values) === JSON.stringify(valuesOf(query))) return;
    const timer = setTimeout(() => onChange(values), WAIT_MS);
    return () => clearTimeout(timer);
  }, [values]);
  const input = (name: keyof Values, type: string, more: object = {}) => (
    <input {...({ type, ...more } as object)} value={values[name] ?? ""}
           onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value || undefined })} />
  );
  return (
    <form class="fields" role="search" aria-label="Filter decisions" onSubmit={(event) => event.preventDefault()}>
      <Field label="Arm">{input("arm", "text", { autocomplete: "off" })}</Field>
      <Field label="Feedback">
        <select value={values.feedback ?? ""} onChange={(event) => setValues({ ...values, feedback: event.currentTarget.value || undefined })}>
          <option value="">with or without</option>
          <option value="TOLD">reported</option>
          <option value="SILENT">not reported</option>
          <option value="FAILED">the call failed</option>
        </select>
      </Field>
      <Field label="From">{input("from", "datetime-local")}</Field>
      <Field label="Before">{input("before", "datetime-local")}</Field>
      <Field label="Quality, least">{input("least", "number", { min: 0, max: 1, step: 0.05 })}</Field>
      <Field label="Quality, most">{input("most", "number", { min: 0, max: 1, step: 0.05 })}</Field>
      {storesText && <Field label="Text of the query">{input("text", "search")}</Field>}
      <div><span class="field-name" aria-hidden="true">&nbsp;</span>
        <button type="button" onClick={() => onChange({})}>Clear</button></div>
    </form>
  );
}
