// /openapi.json of a running server: two validators accept it, it says what the protos say, and answers fit it.
// usage: node openapi.mjs '{"contract": FILE, "url": ...}'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import redocly from "@redocly/openapi-core";
import Ajv from "ajv";
import { Contract } from "./contract.mjs";

const given = JSON.parse(process.argv[2]);
const contract = new Contract(readFileSync(given.contract));
const text = await (await fetch(`${given.url}/openapi.json`)).text();
const api = JSON.parse(text);

async function checkValidators() {
  const one = await new Validator().validate(structuredClone(api));
  assert.ok(one.valid, JSON.stringify(one.errors));
  // Redocly's own recommendations, aside from those for people who browse an API by its first lines.
  const config = await redocly.createConfig({
    extends: ["recommended-strict"], rules: { "operation-summary": "off", "operation-4xx-response": "off" },
  });
  const problems = await redocly.lintFromString({ source: text, absoluteRef: "openapi.json", config });
  const said = problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ""}`);
  assert.deepEqual(said, [], said.join("\n"));
}

const schemaName = (desc) => desc.typeName.slice(desc.file.proto.package.length + 1).replaceAll(".", "_");
const reference = (desc) => `#/components/schemas/${schemaName(desc)}`;

// The comments of a descriptor, by its path in the file: as one paragraph.
function commentAt(file, path) {
  const at = file.proto.sourceCodeInfo.location.find((one) => one.path.join() === path.join());
  return `${at?.leadingComments ?? ""} ${at?.trailingComments ?? ""}`.split(/\s+/).filter(Boolean).join(" ");
}

// [what a field refers to, how] of the schema of one value.
const WANTED_TYPES = new Map([
  [1, { type: "number", format: "double" }], [2, { type: "number", format: "float" }],
  [3, { type: "string", format: "int64" }], [4, { type: "string", format: "uint64" }], [5, { type: "integer" }],
  [6, { type: "string", format: "uint64" }], [8, { type: "boolean" }], [9, { type: "string" }],
  [12, { type: "string", format: "byte" }], [13, { type: "integer" }],
]);

function wanted(field, used) {
  const of = (desc) => { used.add(desc); return { $ref: reference(desc) }; };
  const single = () => {
    if (field.message) return of(field.message);
    if (field.enum) return of(field.enum);
    const schema = WANTED_TYPES.get(field.scalar);
    assert.ok(schema, `this test knows the type of ${field}`);
    return schema;
  };
  if (field.fieldKind === "map") return { type: "object", additionalProperties: single() };
  if (field.fieldKind === "list") return { type: "array", items: single() };
  return single();
}

function checkMessage(message, used) {
  const { properties } = api.components.schemas[schemaName(message)] ?? {};
  assert.ok(properties, `${message} has a schema`);
  assert.deepEqual(Object.keys(properties).sort(), message.fields.map((field) => field.jsonName).sort(), `${message}`);
  const number = message.file.proto.messageType.findIndex((one) => one.name === message.name);
  for (const field of message.fields) {
    const { description = "", ...schema } = properties[field.jsonName];
    const { allOf: [only] = [schema] } = schema; // a reference with a description stands in allOf
    assert.deepEqual(only, wanted(field, used), `${field}`);
    if (message.parent) continue; // nested messages have no comments
    assert.equal(description, commentAt(message.file, [4, number, 2, message.fields.indexOf(field)]), `${field}`);
  }
}

function checkProtos() {
  const used = new Set();
  const paths = new Set(Object.keys(api.paths));
  for (const service of contract.services) {
    for (const [i, method] of service.methods.entries()) {
      const path = `/${service.typeName}/${method.name}`;
      if (method.methodKind !== "unary") {
        assert.ok(!paths.has(path), `${path} is a stream, which OpenAPI cannot describe`);
        continue;
      }
      assert.ok(paths.delete(path), `${path} is there`);
      const { post, ...others } = api.paths[path];
      assert.deepEqual(others, {}, `${path} is called with POST alone`);
      const number = service.file.proto.service.findIndex((one) => one.name === service.name);
      assert.equal(post.description, commentAt(service.file, [6, number, 2, i]), path);
      assert.ok(post.description.length > 10, `${path} is described`);
      const schemaOf = (body) => body.content["application/json"].schema.$ref;
      assert.equal(schemaOf(post.requestBody), reference(method.input), path);
      assert.equal(schemaOf(post.responses["200"]), reference(method.output), path);
      assert.equal(schemaOf(post.responses.default), "#/components/schemas/Error", path);
      used.add(method.input).add(method.output);
    }
  }
  assert.deepEqual([...paths].sort(), ["/healthz", "/metrics", "/readyz", "/routing/v1/chat/completions",
                                       "/routing/v1/feedback"], "the paths that are no RPCs");
  for (const desc of used) { // grows while it runs
    if (desc.kind === "message") {
      checkMessage(desc, used);
      continue;
    }
    const schema = api.components.schemas[schemaName(desc)];
    assert.deepEqual([schema?.type, schema?.enum], ["string", desc.values.map((value) => value.name)], `${desc}`);
  }
  const known = new Set([...used].map(schemaName));
  const extra = Object.keys(api.components.schemas).filter((name) => !known.has(name));
  assert.deepEqual(extra, ["Error"], "no schema is of something else");
  return used.size;
}

async function checkAnswers() {
  const strict = structuredClone(api);
  for (const schema of Object.values(strict.components.schemas)) {
    if (schema.properties) schema.additionalProperties = false; // what it does not describe is a fault
  }
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(strict, "api");
  const check = (name, answer, what) => {
    const fits = ajv.compile({ $ref: `api#/components/schemas/${name}` });
    assert.ok(fits(answer), `${what}: ${JSON.stringify(fits.errors)} in ${JSON.stringify(answer)}`);
  };
  const ask = async (path, request, wantedStatus) => {
    const answer = await fetch(given.url + path,
      { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) });
    assert.equal(answer.status, wantedStatus, path);
    return answer.json();
  };
  const call = async (method, request) => {
    const answer = await ask(`/pointsman.v1.${method}`, request, 200);
    check(`${method.split("/")[1]}Response`, answer, method);
    return answer;
  };
  const { decisionId } = await call("Router/Route", { query: "x", explain: true, armCount: 3 });
  await call("Router/Feedback", { decisionId, quality: 1, inputTokens: 10 });
  await call("Router/RouteBatch", { requests: [{ query: "x" }, {}] });
  await call("Admin/Explain", { decisionId });
  for (const method of ["GetStats", "ListArms", "ListOutcomes", "ListPools"]) await call(`Admin/${method}`, {});
  await call("Admin/GetPool", { name: "default" });
  check("Error", await ask("/pointsman.v1.Router/Route", {}, 400), "an error");
}

await checkValidators();
const types = checkProtos();
await checkAnswers();
console.log(`openapi: ${Object.keys(api.paths).length} paths, ${types} types`);
