// The preference as text for a pool's file and for code.
import type { Weights } from "../../text/preference";
import { Card } from "../../ui/parts";
import { say } from "../../ui/say";

async function copy(text: string, what: string) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`);
  } catch {
    say("The browser does not let this page copy. Mark the text and copy it yourself.");
  }
}

function Copy({ what, text }: { what: string; text: string }) {
  return (
    <div>
      <h3>{what}</h3>
      <div class="copy">
        <pre tabIndex={0}>{text}</pre>
        <button type="button" class="small" onClick={() => copy(text, what.toLowerCase())} aria-label={`Copy: ${what}`}>Copy</button>
      </div>
    </div>
  );
}

export function Copies({ pool, weights }: { pool: string; weights: Weights }) {
  const { quality, cost, latency } = weights;
  const json = `{"pool": ${JSON.stringify(pool)}, "query": "…",\n "preference": ${JSON.stringify(weights)}}`;
  return (
    <Card title="Use it">
      <div class="grid">
        <Copy what="As config" text={`name: ${pool}\nsettings:\n  default_preference: {quality: ${quality}, cost: ${cost}, latency: ${latency}}`} />
        <Copy what="As a request" text={`POST pointsman.v1.Router/Route\n${json}`} />
        <Copy what="In Python" text={`router.call(question, pool=${JSON.stringify(pool)},\n            preference=(${quality}, ${cost}, ${latency}))`} />
        <Copy what="On the command line" text={`pointsman route --pool ${pool} \\\n  --prefer ${quality},${cost},${latency} "your query"`} />
      </div>
    </Card>
  );
}
