// Reads a table of outcomes: CSV or TSV with a header, or a JSON object on each line.

export type Row = Record<string, string>;
export interface Table { rows: Row[]; columns: string[] }

function splitDelimited(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [], cell = "", isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (isQuoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else isQuoted = false;
    } else if (char === '"' && cell === "") isQuoted = true;
    else if (char === delimiter) {
      row.push(cell);
      cell = "";
    } else if (char === "\n") {
      row.push(cell.replace(/\r$/, ""));
      if (row.length > 1 || row[0] !== "") rows.push(row);
      row = [];
      cell = "";
    } else cell += char;
  }
  if (isQuoted) throw new Error("A quoted cell has no end. Close its quote.");
  row.push(cell.replace(/\r$/, ""));
  if (row.length > 1 || row[0] !== "") rows.push(row);
  return rows;
}

function readDelimited(text: string): Table {
  const header = text.slice(0, text.indexOf("\n") + 1 || undefined);
  const [columns = [], ...rows] = splitDelimited(text, header.includes("\t") ? "\t" : ",");
  return { columns, rows: rows.map((row, i) => {
    if (row.length > columns.length) throw new Error(`Row ${i + 2} has ${row.length} cells, and the header has ${columns.length}.`);
    return Object.fromEntries(columns.map((column, k) => [column, row[k] ?? ""]));
  }) };
}

const cellOf = (value: unknown): string => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

// An object may hold its outcomes as a list.
function rowsOfObject(object: Record<string, unknown>): Row[] {
  const { outcomes, ...rest } = object;
  const asRow = (one: object): Row => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, cellOf(value)]));
  if (!Array.isArray(outcomes)) return [asRow(object)];
  return outcomes.map((one: object) => ({ ...asRow(rest), ...asRow(one) }));
}

function readJsonLines(text: string): Table {
  const rows: Row[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    let object: unknown;
    try {
      object = JSON.parse(line);
    } catch {
      throw new Error(`Line ${i + 1} is not JSON.`);
    }
    if (typeof object !== "object" || object === null || Array.isArray(object)) throw new Error(`Line ${i + 1} is no JSON object.`);
    rows.push(...rowsOfObject(object as Record<string, unknown>));
  });
  return { rows, columns: [...new Set(rows.slice(0, 1000).flatMap(Object.keys))] };
}

export function readTable(text: string): Table {
  const clean = text.replace(/^\uFEFF/, "");
  if (clean.trim() === "") throw new Error("The file is empty.");
  return clean.trimStart().startsWith("{") ? readJsonLines(clean) : readDelimited(clean);
}
