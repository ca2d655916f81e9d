import client = require("@pointsman/client");
import adapter = require("@pointsman/client/openai");

const router: client.Router = new client.Router({ token: () => "secret" });
adapter.wrap({}, router);
void router.close();
