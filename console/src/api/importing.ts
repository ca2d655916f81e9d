// Sends an import: a client stream of Connect, as one body of envelopes.
import { post } from "./client";
import { CallFailed, failureOfBody } from "./errors";
import type { ImportOutcomesResponse } from "./types";

const END_OF_STREAM = 2;
const HEADER_BYTES = 5;
const CHUNK_QUERIES = 64;

export function envelope(message: object): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const all = new Uint8Array(HEADER_BYTES + body.length);
  new DataView(all.buffer).setUint32(1, body.length);
  all.set(body, HEADER_BYTES);
  return all;
}

export interface ImportStart { pool: string; importId: string; queries: string; strength: number; armOutcomes: Record<string, string> }

export async function importOutcomes(start: ImportStart, queries: object[]): Promise<ImportOutcomesResponse> {
  const parts = [envelope({ start })];
  for (let i = 0; i < queries.length; i += CHUNK_QUERIES) parts.push(envelope({ chunk: { queries: queries.slice(i, i + CHUNK_QUERIES) } }));
  const answer = await post("Admin/ImportOutcomes", new Blob(parts), "application/connect+json");
  return read(new Uint8Array(await answer.arrayBuffer()));
}

// The answer is a message and then the end of the stream, which holds the error if there is one.
function read(bytes: Uint8Array): ImportOutcomesResponse {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let message: ImportOutcomesResponse | undefined;
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const flags = bytes[at]!, end = at + HEADER_BYTES + view.getUint32(at + 1);
    const body = JSON.parse(new TextDecoder().decode(bytes.subarray(at + HEADER_BYTES, end)) || "{}");
    if (!(flags & END_OF_STREAM)) message = body;
    else if (body.error) throw failureOfBody(body.error, 200);
    at = end;
  }
  if (!message) throw new CallFailed("unavailable", "The server ended the import without an answer.", "", 200);
  return message;
}
