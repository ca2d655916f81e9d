"use strict";
// What an exception of the app's call means to the server.

const TIMEOUT_CODES = new Set([
  "ETIMEDOUT", "ESOCKETTIMEDOUT", "ECONNABORTED",
  "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT",
]);
const TIMEOUT_NAMES = new Set(["TimeoutError", "APIConnectionTimeoutError"]);
const CANCELLED_CODES = new Set(["ABORT_ERR", "ERR_CANCELED"]);
const CANCELLED_NAMES = new Set(["AbortError", "CanceledError", "APIUserAbortError"]);

function has(error, names, codes) {
  return names.has(error.name) || names.has(error.constructor?.name) || codes.has(error.code);
}

// fetch() hides what happened in `cause`.
function* chain(error) {
  for (let depth = 0; error !== null && typeof error === "object" && depth < 5; ++depth) {
    yield error;
    error = error.cause;
  }
}

function statusOf(error) {
  const status = error?.status ?? error?.statusCode ?? error?.response?.status;
  return typeof status === "number" ? status : undefined;
}

function header(error, name) {
  const headers = error.headers ?? error.response?.headers;
  return typeof headers?.get === "function" ? headers.get(name) : headers?.[name];
}

// Retry-After is a number of seconds, or a date.
function retryAfterMs(error) {
  const text = header(error, "retry-after");
  if (text === undefined || text === null || text === "") return undefined;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined;
}

function failureOf(error) {
  for (const one of chain(error)) {
    if (has(one, TIMEOUT_NAMES, TIMEOUT_CODES)) return { error_kind: "TIMEOUT" };
    if (has(one, CANCELLED_NAMES, CANCELLED_CODES)) return { error_kind: "CANCELLED" };
  }
  const status = statusOf(error);
  if (status === 429) {
    const retry = retryAfterMs(error);
    return { error_kind: "RATE_LIMITED", ...(retry === undefined ? {} : { retry_after_ms: retry }) };
  }
  if (status >= 400 && status <= 499 && status !== 408) return { error_kind: "CALLER" };
  return { error_kind: "PROVIDER" };
}

const USAGE = {
  inputTokens: "input_tokens", outputTokens: "output_tokens", costUsd: "cost_usd",
  cachedInputTokens: "cached_input_tokens",
};

function usageFields(usage) {
  const fields = {};
  for (const [name, field] of Object.entries(USAGE)) {
    const value = usage[name];
    if (value === undefined || value === null) continue;
    if (!Number.isFinite(value)) throw new TypeError(`usage.${name} must be a number: got ${value}`);
    fields[field] = value;
  }
  return fields;
}

function checkedQuality(quality) {
  if (typeof quality === "number" && Number.isFinite(quality)) return quality;
  throw new TypeError(`quality must be a number from 0 to 1: got ${quality}`);
}

module.exports = { failureOf, usageFields, checkedQuality };
