// The methods that the console calls, with their types.
import { call } from "./client";
import type * as I from "./insight";
import type * as T from "./types";

export const getServer = (signal?: AbortSignal) => call<I.GetServerResponse>("Insight/GetServer", {}, signal);
export const getHistory = (pool: string, spanS: number, signal?: AbortSignal) =>
  call<I.GetHistoryResponse>("Insight/GetHistory", { pool, spanS: String(spanS) }, signal);
export const listDecisions = (request: object, signal?: AbortSignal) =>
  call<I.ListDecisionsResponse>("Insight/ListDecisions", request, signal);
export const tryPreferences = (pool: string, preferences: T.Preference[], decisions: number, signal?: AbortSignal) =>
  call<I.TryPreferencesResponse>("Insight/TryPreferences", { pool, preferences, decisions }, signal);
export const tryQuery = (request: object, neighbours: number, signal?: AbortSignal) =>
  call<I.TryQueryResponse>("Insight/TryQuery", { request, neighbours }, signal);
export const listQueryGroups = (pool: string, groups: number, signal?: AbortSignal) =>
  call<I.ListQueryGroupsResponse>("Insight/ListQueryGroups", { pool, groups }, signal);
export const comparePolicies = (request: object, signal?: AbortSignal) =>
  call<I.ComparePoliciesResponse>("Insight/ComparePolicies", request, signal);
export const recomputeDecision = (pool: string, decisionId: string, signal?: AbortSignal) =>
  call<I.RecomputeDecisionResponse>("Insight/RecomputeDecision", { pool, decisionId }, signal);

export const listPools = (signal?: AbortSignal) => call<{ pools?: T.Pool[] }>("Admin/ListPools", {}, signal);
export const getPool = (name: string, signal?: AbortSignal) => call<{ pool: T.Pool }>("Admin/GetPool", { name }, signal);
// `which` names arms, at most 1000, or leaves them all out.
export const getStats = (pool: string, which: { arms?: string[]; withoutArms?: boolean }, signal?: AbortSignal) =>
  call<T.GetStatsResponse>("Admin/GetStats", { pool, ...which }, signal);
export const listArms = (request: object, signal?: AbortSignal) =>
  call<T.ListArmsResponse>("Admin/ListArms", request, signal);
export const listOutcomes = (pool: string, pageToken: string, signal?: AbortSignal) =>
  call<T.ListOutcomesResponse>("Admin/ListOutcomes", { pool, pageToken, pageSize: 1000 }, signal);
export const explain = (pool: string, decisionId: string, signal?: AbortSignal) =>
  call<T.ExplainResponse>("Admin/Explain", { pool, decisionId }, signal);

export const putPool = (request: object) => call<T.PutPoolResponse>("Admin/PutPool", request);
export const putArm = (request: object) => call<T.PutArmResponse>("Admin/PutArm", request);
export const removeArm = (pool: string, arm: string) => call<object>("Admin/RemoveArm", { pool, arm });
export const undoImport = (pool: string, importId: string) =>
  call<T.UndoImportResponse>("Admin/UndoImport", { pool, importId });
export const backup = (name: string) => call<T.BackupResponse>("Admin/Backup", name ? { name } : {});
export const deletePool = (name: string) => call<object>("Admin/DeletePool", { name });

export const route = (request: object, signal?: AbortSignal) => call<T.RouteResponse>("Router/Route", request, signal);
export const feedback = (request: object, signal?: AbortSignal) => call<object>("Router/Feedback", request, signal);
