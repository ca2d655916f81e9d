// The pages that are not needed for the first one: one file, loaded while the first page is looked at.
export { Arms } from "./arms/Arms";
export { Decision } from "./decisions/Decision";
export { Decisions } from "./decisions/Decisions";
export { Learning } from "./learning/Learning";
export { PoolPage } from "./pools/PoolPage";
export { System } from "./system/System";
export { Tradeoff } from "./tradeoff/Tradeoff";
export { Try } from "./try/Try";
