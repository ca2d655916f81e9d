"use strict";
// An app that rates until it is killed, and prints each decision whose rating is safe.
const { Router } = require("../src/index.js");

const [address, outbox, name] = process.argv.slice(2);
const router = new Router({ address, outbox, onReport() {} });
let count = 0;

function rate() {
  for (let i = 0; i < 5; ++i) {
    const decisionId = `${name}-${count++}`;
    router.rate(decisionId, 1);
    process.stdout.write(decisionId + "\n");
  }
  setTimeout(rate, 1);
}

rate();
