"use strict";
// A server of the contract in this process, which answers what a test wants.
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const LOADED = protoLoader.fromJSON(require("../src/contract.json"), {
  keepCase: true, enums: String, longs: Number, defaults: false,
});
const SERVICE = grpc.loadPackageDefinition(LOADED).pointsman.v1.Router.service;

class Fake {
  constructor() {
    this.feedback = []; // taken
    this.batches = []; // sizes of those that arrived
    this.routes = []; // of batches
    this.metadata = [];
    this.onRoute = (request) => ({
      decision_id: request.decision_id, arm: "large", propensity: 0.75, inclusion: 1, logged: true,
      further: [{ arm: "small" }, { arm: "tiny" }].slice(0, Math.max(0, (request.arm_count ?? 1) - 1)),
    });
    this.onFeedback = () => null; // or { code, message } of an item
    this.onBatch = () => null; // or { code, details } of the call
  }

  async start(port = 0) {
    this.server = new grpc.Server();
    this.server.addService(SERVICE, {
      Route: (call, done) => this.route(call, done),
      RouteBatch: (call, done) => this.routeBatch(call, done),
      FeedbackBatch: (call, done) => this.feedbackBatch(call, done),
    });
    this.port = await new Promise((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(),
        (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.address = `127.0.0.1:${this.port}`;
    return this;
  }

  route(call, done) {
    this.metadata.push(call.metadata.getMap());
    const answer = this.onRoute(call.request);
    if (answer.code) done(answer);
    else done(null, answer);
  }

  routeBatch(call, done) {
    this.routes.push(...call.request.requests);
    done(null, { items: call.request.requests.map((request) => {
      const answer = this.onRoute(request);
      return answer.code ? { error: { code: answer.code, message: answer.details } } : { response: answer };
    }) });
  }

  feedbackBatch(call, done) {
    const { requests } = call.request;
    this.batches.push(requests.length);
    const failure = this.onBatch(requests);
    if (failure) return done(failure);
    const items = requests.map((request) => {
      const error = this.onFeedback(request);
      if (!error) this.feedback.push(request);
      return error ? { error } : { response: { result: "APPLIED" } };
    });
    return done(null, { items });
  }

  stop() {
    this.server.forceShutdown();
  }
}

module.exports = { Fake };
