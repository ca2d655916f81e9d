"use strict";
// A local provider with OpenAI's API. The last message says what it does.
const http = require("node:http");

const USAGE = {
  prompt_tokens: 20, completion_tokens: 5, total_tokens: 25, prompt_tokens_details: { cached_tokens: 8 },
};

function chunk(model, delta) {
  return { id: "c1", object: "chat.completion.chunk", created: 1, model, choices: [{ index: 0, delta }] };
}

async function stream(response, body, text) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const say = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  say(chunk(body.model, { role: "assistant", content: "" }));
  await new Promise((resolve) => setTimeout(resolve, 30));
  for (const word of ["one ", "two ", "three"]) say(chunk(body.model, { content: word }));
  if (text === "break off") return response.destroy();
  if (text === "go on for ever") return setInterval(() => say(chunk(body.model, { content: "." })), 5).unref();
  await new Promise((resolve) => setTimeout(resolve, 30));
  say({ ...chunk(body.model, {}), choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  if (body.stream_options?.include_usage) say({ ...chunk(body.model, {}), choices: [], usage: USAGE });
  return response.end("data: [DONE]\n\n");
}

function answer(response, body) {
  const text = body.messages.at(-1).content;
  const status = Number(/^fail with (\d+)/.exec(text)?.[1]);
  response.setHeader("x-request-id", "r1");
  if (text === "say nothing") return undefined;
  if (status) {
    response.writeHead(status, { "content-type": "application/json", "retry-after": "3" });
    return response.end(JSON.stringify({ error: { message: "no", code: "x" } }));
  }
  if (body.stream) return stream(response, body, text);
  const message = { role: "assistant", content: text === "as json" ? '{"answer":4}' : "four" };
  response.writeHead(200, { "content-type": "application/json" });
  return response.end(JSON.stringify({
    id: "c1", object: "chat.completion", created: 1, model: body.model, usage: USAGE,
    choices: [{ index: 0, finish_reason: "stop", message }],
  }));
}

async function startProvider() {
  const bodies = [];
  const server = http.createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    bodies.push(JSON.parse(text));
    answer(response, bodies.at(-1));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    bodies,
    url: `http://127.0.0.1:${server.address().port}/v1`,
    stop() {
      server.closeAllConnections?.(); // not in Node 18.3
      server.close();
    },
  };
}

module.exports = { startProvider };
