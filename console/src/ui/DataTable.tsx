// A table that turns into a list of cards where the screen is narrow. The roles keep it a table for screen readers.
import type { ComponentChildren } from "preact";
import { Scroll } from "./parts";

// `kind` "text" is cut after three lines. The first column names the row.
export interface Column<R> {
  name: string; kind?: "number" | "text" | "drawing"; cell: (row: R) => ComponentChildren; note?: (row: R) => ComponentChildren;
}

interface Props<R> { label: string; columns: (Column<R> | false | undefined)[]; rows: R[]; rowKey: (row: R, index: number) => string }

export function DataTable<R>({ label, columns, rows, rowKey }: Props<R>) {
  const shown = columns.filter((one): one is Column<R> => Boolean(one));
  const classOf = (column: Column<R>) => (column.kind === "number" ? "num" : column.kind);
  return (
    <Scroll label={label}>
      <table class="data" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">{shown.map((one) => <th key={one.name} scope="col" role="columnheader" class={classOf(one)}>{one.name}</th>)}</tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, index) => (
            <tr key={rowKey(row, index)} role="row">
              {shown.map((column, i) => {
                const note = column.note?.(row);
                const inside = <>
                  <span class="cell">{column.cell(row)}</span>
                  {note !== undefined && note !== null && note !== "" && <span class="sub">{note}</span>}
                </>;
                return i === 0 ? <th key={column.name} scope="row" role="rowheader" class={classOf(column)}>{inside}</th>
                  : <td key={column.name} role="cell" class={classOf(column)} data-label={column.name}>{inside}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
