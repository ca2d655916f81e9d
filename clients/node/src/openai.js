"use strict";
// Routes the chat completions of the official `openai` package. Nothing here needs that package itself.

const decisions = new WeakMap();
const POOL_PREFIX = "pointsman/";

function decisionOf(response) {
  return decisions.get(response);
}

function textOf(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => part.text ?? "").filter(Boolean).join("\n");
}

// What the conversation asks now.
function lastUserTurn({ messages = [] }) {
  for (let i = messages.length - 1; i >= 0; --i) {
    const text = messages[i].role === "user" ? textOf(messages[i].content) : "";
    if (text) return text;
  }
  return messages.map(({ content }) => textOf(content)).filter(Boolean).join("\n");
}

function usageOf(usage) {
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    cachedInputTokens: usage.prompt_tokens_details?.cached_tokens,
  };
}

function brings(chunk) {
  const delta = chunk?.choices?.[0]?.delta;
  return Boolean(delta?.content || delta?.refusal || delta?.tool_calls?.length || delta?.reasoning_content);
}

function cancelled() {
  return Object.assign(new Error("the app left the stream"), { name: "AbortError" });
}

async function* watched(chunks, call, controller) {
  let isOver = false;
  try {
    for await (const chunk of chunks) {
      if (brings(chunk)) call.firstToken();
      if (chunk?.usage) call.usage(usageOf(chunk.usage));
      yield chunk;
    }
    isOver = true;
    // The stream of an aborted request just ends.
    if (controller?.signal.aborted) call.fail(cancelled());
    else call.end();
  } catch (error) {
    isOver = true;
    call.fail(error);
    throw error;
  } finally {
    if (!isOver) call.fail(cancelled());
  }
}

function mark(response, call) {
  if (response === null || typeof response !== "object") return response;
  decisions.set(response, call.decisionId);
  Object.defineProperty(response, "_pointsman", { value: call, enumerable: false, configurable: true });
  return response;
}

// The same kind of stream with the same chunks.
function watchStream(stream, call) {
  const chunks = () => watched({ [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator]() }, call,
    stream.controller);
  return new stream.constructor(chunks, stream.controller);
}

function received(response, body, call) {
  if (body.stream) return mark(watchStream(response, call), call);
  if (response?.usage) call.usage(usageOf(response.usage));
  call.end();
  return mark(response, call);
}

// Does what the promises of the package do. `sent` brings { call, promise }, the decision and the package's promise.
class RoutedPromise {
  #sent;
  #body;
  #transform;
  #data;

  constructor(sent, body, transform = (data) => data) {
    this.#sent = sent;
    this.#body = body;
    this.#transform = transform;
  }

  #parsed() {
    this.#data ??= this.#sent.then(async ({ call, promise, memo }) => {
      memo.received ??= promise.then(
        (response) => received(response, this.#body, call),
        (error) => {
          call.fail(error);
          throw error;
        },
      );
      return mark(await this.#transform(await memo.received, { response: await promise.asResponse() }), call);
    });
    return this.#data;
  }

  then(onFulfilled, onRejected) {
    return this.#parsed().then(onFulfilled, onRejected);
  }

  catch(onRejected) {
    return this.#parsed().catch(onRejected);
  }

  finally(onFinally) {
    return this.#parsed().finally(onFinally);
  }

  get [Symbol.toStringTag]() {
    return "Promise";
  }

  async withResponse() {
    const data = await this.#parsed();
    const response = await (await this.#sent).promise.asResponse();
    return { data, response, request_id: response.headers.get("x-request-id") };
  }

  // Its body is the app's to read, so only the time until the headers is known.
  async asResponse() {
    const { call, promise } = await this.#sent;
    try {
      const response = await promise.asResponse();
      call.end();
      return response;
    } catch (error) {
      call.fail(error);
      throw error;
    }
  }

  // The package's own helpers use it, such as parse().
  _thenUnwrap(transform) {
    const before = this.#transform;
    return new RoutedPromise(this.#sent, this.#body,
      async (data, props) => transform(await before(data, props), props));
  }
}

function poolOf(model, pool) {
  if (model === "auto") return pool;
  if (typeof model === "string" && model.startsWith(POOL_PREFIX)) return model.slice(POOL_PREFIX.length);
  return null;
}

async function send(create, router, body, requestOptions, { query = lastUserTurn, route, pool }) {
  const options = {
    pool, maxOutputTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined, ...route?.(body),
  };
  const call = await router.begin(query(body), options);
  try {
    // An object around it, because a promise may not be the value of a promise.
    return { call, promise: create({ ...body, model: call.arm }, requestOptions), memo: {} };
  } catch (error) {
    call.fail(error);
    throw error;
  }
}

// `target` with some properties of its own. The client has private fields, which its methods find on the client only.
function over(target, properties, isBound = false) {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(properties, name)) return properties[name]();
      const value = Reflect.get(target, name, target);
      return isBound && typeof value === "function" && name !== "constructor" ? value.bind(target) : value;
    },
  });
}

function wrap(client, router, { pool, ...options } = {}) {
  const create = (body, requestOptions) => {
    const completions = client.chat.completions;
    const found = poolOf(body?.model, pool);
    if (found === null) return completions.create(body, requestOptions);
    const sent = send(completions.create.bind(completions), router, body, requestOptions, { ...options, pool: found });
    return new RoutedPromise(sent, body);
  };
  // Helpers such as parse() and stream() ask `_client` to create the completion.
  const completions = over(client.chat.completions, { create: () => create, _client: () => wrapped });
  const chat = over(client.chat, { completions: () => completions, _client: () => wrapped });
  const wrapped = over(client, { chat: () => chat }, true);
  return wrapped;
}

module.exports = { decisionOf, wrap };
