// Asks for a token when the server wants one.
import { useState } from "preact/hooks";
import { token, keepToken } from "../api/client";
import { Field, Head } from "./parts";

export function TokenBox() {
  const [text, setText] = useState("");
  const wasRefused = token.get() !== "";
  return (
    <>
      <Head title="This server asks for a token" />
      <form class="card narrow" onSubmit={(event) => { event.preventDefault(); keepToken(text.trim()); }}>
        {wasRefused && <p class="failure" role="alert">The server does not accept this token. It may have expired or been removed.</p>}
        <Field label="Token" hint="It is kept in this tab until you close it, and is sent to this server alone.">
          <input type="password" autocomplete="off" value={text} required
                 onInput={(event) => setText(event.currentTarget.value)} />
        </Field>
        <p class="note">An operator makes one with <code>pointsman token create NAME --scopes read</code>.</p>
        <button type="submit" class="primary">Use this token</button>
      </form>
    </>
  );
}
