"use strict";
const { status } = require("@grpc/grpc-js");

// The server is away, busy or broken. Neither the request nor a setting is wrong.
const TEMPORARY = new Set([
  status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.CANCELLED,
  status.INTERNAL, status.UNKNOWN, status.DATA_LOSS, status.ABORTED,
]);
// An operator can mend these, so feedback waits for that.
const MENDABLE = new Set([status.UNAUTHENTICATED, status.PERMISSION_DENIED]);
// These have nothing to do with what a message contains.
const OF_THE_CONNECTION = new Set([
  status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, ...MENDABLE,
]);

module.exports = {
  nameOf: (code) => status[code] ?? "UNKNOWN",
  getsDefaultArm: (code) => TEMPORARY.has(code),
  mayBeTakenLater: (code) => TEMPORARY.has(code) || MENDABLE.has(code),
  mayBeOfTheContent: (code) => !OF_THE_CONNECTION.has(code),
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
};
