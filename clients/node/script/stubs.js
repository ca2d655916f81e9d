"use strict";
// Makes src/contract.json again after a change of proto/. Users then need no protoc, and bundlers find the contract.
const fs = require("node:fs");
const path = require("node:path");
const protobuf = require("protobufjs"); // of @grpc/proto-loader

const PROTO = path.join(__dirname, "../../../proto/pointsman/v1/router.proto");
const CONTRACT = path.join(__dirname, "../src/contract.json");

function contract() {
  const root = new protobuf.Root().loadSync(PROTO, { keepCase: true });
  return JSON.stringify(root.toJSON(), null, 1) + "\n";
}

if (require.main === module) fs.writeFileSync(CONTRACT, contract());

module.exports = { contract, CONTRACT, PROTO };
