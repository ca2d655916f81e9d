"use strict";
// The connection to pointsmand.
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const LOADED = protoLoader.fromJSON(require("./contract.json"), {
  keepCase: true, enums: String, longs: Number, defaults: true,
});
const Stub = grpc.loadPackageDefinition(LOADED).pointsman.v1.Router;

// protobufjs compiles a message's code when it is first used. That would take a good part of the first call's time.
Stub.service.Route.requestSerialize({ query: "", preference: {}, constraints: {}, features: {}, embedding: [] });
Stub.service.Route.responseDeserialize(Buffer.alloc(0));

// Unless told, gRPC may wait two minutes before it looks for a restarted server.
const CHANNEL_OPTIONS = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.dns_min_time_between_resolutions_ms": 1000,
  // Otherwise renew() would get the old connection back.
  "grpc.use_local_subchannel_pool": 1,
};
const WARM_UP_CALLS = 3;
const LOOPBACK = /^(dns:\/*|ipv[46]:)?(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/;

function credentialsOf({ credentials, tls }) {
  if (credentials) return credentials;
  if (!tls) return grpc.credentials.createInsecure();
  const { ca, key, cert } = tls === true ? {} : tls;
  const bytes = (text) => (text === undefined ? null : Buffer.from(text));
  return grpc.credentials.createSsl(bytes(ca), bytes(key), bytes(cert));
}

class Link {
  constructor({ address, token, channelOptions, ...security }) {
    this.address = address;
    this.token = token;
    this.credentials = credentialsOf(security);
    this.options = { ...CHANNEL_OPTIONS, ...channelOptions };
    // No proxy can reach this machine's own loopback.
    if (LOOPBACK.test(address)) this.options["grpc.enable_http_proxy"] ??= 0;
    this.calls = new Set();
    this.stub = this.connect();
  }

  connect() {
    const stub = new Stub(this.address, this.credentials, this.options);
    stub.getChannel().getConnectivityState(true); // the first call then need not wait for the connection
    return stub;
  }

  // A connection whose other end is gone without a word looks alive for a quarter of an hour.
  renew() {
    if (this.closed) return;
    this.stub.close();
    this.stub = this.connect();
  }

  // The first calls of a process take several times as long as the next ones. These decide nothing.
  async ready(ms) {
    const end = Date.now() + ms;
    const isReady = await new Promise((resolve) => {
      this.stub.waitForReady(end, (error) => resolve(!error));
    });
    for (let i = 0; isReady && i < WARM_UP_CALLS; ++i) {
      await this.call("RouteBatch", { requests: [] }, Math.max(1, end - Date.now())).catch(() => {});
    }
    return isReady;
  }

  call(method, request, deadlineMs, headers = {}) {
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const token = typeof this.token === "function" ? this.token() : this.token;
    if (token) metadata.set("authorization", `Bearer ${token}`);
    return new Promise((resolve, reject) => {
      const call = this.stub[method](request, metadata, { deadline: Date.now() + deadlineMs }, (error, answer) => {
        this.calls.delete(call);
        if (error) reject(error);
        else resolve(answer);
      });
      this.calls.add(call);
    });
  }

  close() {
    this.closed = true;
    for (const call of this.calls) call.cancel();
    this.stub.close();
  }
}

module.exports = { Link };
