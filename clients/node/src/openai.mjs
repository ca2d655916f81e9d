import { decisionOf, wrap } from "./openai.js";

export { decisionOf, wrap };
