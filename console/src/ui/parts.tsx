// Small parts that every page uses.
import type { ComponentChildren, JSX } from "preact";
import { adviceFor, type Fault } from "../api/errors";
import { useViewer } from "./viewer";

type Children = { children?: ComponentChildren };

export function Head({ title, lead, children }: { title: string; lead?: ComponentChildren } & Children) {
  return (
    <header class="head">
      <div><h1 tabIndex={-1}>{title}</h1>{lead && <p class="lead">{lead}</p>}</div>
      {children && <div class="head-tools">{children}</div>}
    </header>
  );
}

export function Card({ title, note, children, class: more = "" }:
    { title?: ComponentChildren; note?: ComponentChildren; class?: string } & Children) {
  return (
    <section class={`card ${more}`}>
      {title && <h2>{title}</h2>}
      {note && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

export function Stat({ name, value, note }: { name: string; value: ComponentChildren; note?: ComponentChildren }) {
  return <div class="stat"><dt>{name}</dt><dd>{value}{note && <span class="stat-note">{note}</span>}</dd></div>;
}

export function Failure({ fault, retry }: { fault: Fault; retry?: () => void }) {
  const title = fault.code === "permission_denied" ? "You have no permission for this" : "This did not work";
  return (
    <div class="failure" role="alert">
      <strong>{title}</strong>
      <p>{fault.message}{fault.reason && fault.reason !== "NO_ANSWER" && <code class="reason">{fault.reason}</code>}</p>
      <p>{adviceFor(fault)}</p>
      {retry && fault.code !== "permission_denied" && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}

export function Empty({ title, children }: { title: string } & Children) {
  return <div class="empty"><strong>{title}</strong>{children && <div>{children}</div>}</div>;
}

// Takes the place that the answer will take.
export function Skeleton({ lines = 3, tall = false }: { lines?: number; tall?: boolean }) {
  return (
    <div class={tall ? "skeleton tall" : "skeleton"} role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => <span key={i} />)}
    </div>
  );
}

interface Shown<T> { data: T | undefined; fault: Fault | undefined; reload: () => void }

// Loading, a fault, or the answer; an old answer stays visible under a new fault.
export function Load<T>({ of, skeleton, children }:
    { of: Shown<T>; skeleton?: JSX.Element; children: (data: T) => ComponentChildren }) {
  if (of.data === undefined) {
    return of.fault ? <Failure fault={of.fault} retry={of.reload} /> : (skeleton ?? <Skeleton />);
  }
  return <>{of.fault && <Failure fault={of.fault} retry={of.reload} />}{children(of.data)}</>;
}

export function Choice<V extends string>({ label, value, options, onChange }:
    { label: string; value: V; options: [V, string][]; onChange: (value: V) => void }) {
  return (
    <fieldset class="choice">
      <legend class="hidden">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={label} checked={option === value} onChange={() => onChange(option)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ComponentChildren } & Children) {
  return <label class="field"><span class="field-name">{label}</span>{children}{hint && <small>{hint}</small>}</label>;
}

// A table that scrolls sideways by itself, so that the page does not.
export function Scroll({ label, children }: { label: string } & Children) {
  return <div class="scroll" role="region" aria-label={label} tabIndex={0}>{children}</div>;
}

export function ReadOnly() {
  const { mayEdit, why } = useViewer();
  return mayEdit || why === "" ? null : <p class="read-only">{why}</p>;
}

export function Badge({ kind, children }: { kind: "good" | "warn" | "bad" | "quiet" } & Children) {
  return <span class={`badge ${kind}`}>{children}</span>;
}
