// One copy of the code serves both kinds of import.
import { Router } from "./router.js";

export { Router };
