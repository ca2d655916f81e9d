// The contract of pointsmand in Connect-ES, from a descriptor set that protoc wrote: nothing is generated.
// Runs in Node and in browsers.
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";

const nameOf = (method) => `${method.parent.typeName}/${method.name}`;

export class Contract {
  constructor(bytes) {
    this.registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
    this.services = ["Router", "Admin", "Insight"].map((name) => this.registry.getService(`pointsman.v1.${name}`));
  }

  clients(transport) {
    const [router, admin, insight] = this.services.map((service) => createClient(service, transport));
    return { contract: this, router, admin, insight };
  }

  methods() {
    return this.services.flatMap((service) => service.methods);
  }

  message(name) {
    return this.registry.getMessage(name);
  }

  // The number of an enum's value.
  value(type, name) {
    return this.registry.getEnum(`pointsman.v1.${type}`).values.find((value) => value.name === name).number;
  }

  // The names of these kinds of methods: "unary", "client_streaming", "bidi_streaming".
  names(...kinds) {
    return this.methods().filter((method) => kinds.includes(method.methodKind)).map(nameOf).sort();
  }

  // What a client sees of an error, as plain values.
  describe(error) {
    if (!(error instanceof ConnectError)) throw error;
    const details = (name) => error.findDetails(this.message(name));
    const [info] = details("google.rpc.ErrorInfo");
    return {
      code: Code[error.code],
      message: error.rawMessage,
      reason: info?.reason,
      domain: info?.domain,
      fields: details("google.rpc.BadRequest").flatMap((bad) => bad.fieldViolations.map((one) => one.field)),
    };
  }

  // The error of a call that must fail.
  async failure(call) {
    let answer;
    try {
      answer = await call;
    } catch (error) {
      return this.describe(error);
    }
    return { code: "none: the call was answered", answer };
  }
}

// An interceptor that sends these headers with each call.
export const withHeaders = (headers) => (next) => (request) => {
  for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
  return next(request);
};

// An interceptor that adds to `names` the methods that were answered.
export const notingIn = (names) => (next) => async (request) => {
  const answer = await next(request);
  names.add(nameOf(request.method));
  return answer;
};
