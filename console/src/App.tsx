// The frame around every page: where you are, where you can go, and who you are.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { getServer, listPools } from "./api/calls";
import { isLocked } from "./api/client";
import type { Pool } from "./api/types";
import { address, go, link } from "./route";
import { useStore } from "./store";
import { TokenBox } from "./ui/TokenBox";
import { ThemeSwitch } from "./ui/ThemeSwitch";
import { Empty, Failure, Head, Skeleton } from "./ui/parts";
import { Said } from "./ui/say";
import { useCall } from "./ui/useCall";
import { useRest, type Rest } from "./ui/useRest";
import { viewer, viewerOf } from "./ui/viewer";
import { Pools } from "./pages/pools/Pools";

const REFRESH_MS = 10_000;

const PAGES: Record<string, { title: string; draw: (from: Rest, pool: Pool, rest: string[]) => JSX.Element }> = {
  overview: { title: "Overview", draw: (from, pool) => <from.PoolPage pool={pool} /> },
  arms: { title: "Arms", draw: (from, pool) => <from.Arms pool={pool} /> },
  tradeoff: { title: "Trade-off", draw: (from, pool) => <from.Tradeoff pool={pool} /> },
  try: { title: "Try", draw: (from, pool) => <from.Try pool={pool} /> },
  decisions: { title: "Decisions", draw: (from, pool, [id]) => (id ? <from.Decision pool={pool} id={id} /> : <from.Decisions pool={pool} />) },
  learning: { title: "Learning", draw: (from, pool) => <from.Learning pool={pool} /> },
};

function Nav({ pools, pool, page }: { pools: Pool[]; pool: string | undefined; page: string }) {
  const item = (to: string, name: string, isHere: boolean) => (
    <li key={name}><a href={to} aria-current={isHere ? "page" : undefined}>{name}</a></li>
  );
  return (
    <nav class="nav" aria-label="Pages">
      <ul>
        {item(link(["pools"]), "Pools", page === "pools")}
        {item(link(["system"]), "System", page === "system")}
      </ul>
      {pool !== undefined && (
        <>
          <label class="pool-choice">
            <span class="nav-name">Pool</span>
            <select value={pool} onChange={(event) => go(link(["pool", event.currentTarget.value, page in PAGES ? page : "overview"]))}>
              {pools.some((one) => one.name === pool) ? null : <option>{pool}</option>}
              {pools.map((one) => <option key={one.name}>{one.name}</option>)}
            </select>
          </label>
          <ul>{Object.entries(PAGES).map(([name, { title }]) => item(link(["pool", pool, name]), title, page === name))}</ul>
        </>
      )}
    </nav>
  );
}

function headOf(page: string): string {
  return page === "system" ? "System" : page === "pools" ? "Pools" : PAGES[page]?.title ?? "Not found";
}

function titleOf(page: string, pool: string | undefined): string {
  return `${headOf(page)}${pool === undefined ? "" : ` · ${pool}`} · Pointsman`;
}

export function App() {
  const { path } = useStore(address);
  const locked = useStore(isLocked);
  const server = useCall("server", getServer, { everyMs: REFRESH_MS, keep: true });
  const pools = useCall("pools", listPools, { everyMs: REFRESH_MS, keep: true });
  const { pages: rest, fault: restFault } = useRest();
  const main = useRef<HTMLElement>(null);
  const all = pools.data?.pools ?? [];
  const known = path[0] === "pool" ? path[1] : undefined;
  const page = path[0] === "pool" ? path[2] ?? "overview" : path[0] ?? "pools";
  // The pages of a pool stay reachable from the lists.
  const pool = known ?? all[0]?.name;

  useEffect(() => {
    if (server.data) viewer.set(viewerOf(server.data));
    else if (server.fault) viewer.set({ name: "", mayEdit: false, why: `The server does not say what you may do: ${server.fault.message}` });
  }, [server.data, server.fault]);
  const first = useRef(true);
  const isHere = page === "pools" || rest !== undefined;
  useEffect(() => {
    if (!isHere) return;
    document.title = titleOf(page, known);
    if (!first.current) main.current?.querySelector("h1")?.focus();
    first.current = false;
    scrollTo(0, 0);
  }, [page, known, path[3], isHere]);

  function body(): JSX.Element {
    if (locked) return <TokenBox />;
    if (!isHere) return <><Head title={headOf(page)} />{restFault ? <Failure fault={restFault} /> : <Skeleton lines={6} tall />}</>;
    if (page === "system" && rest) return <rest.System server={server} />;
    if (pools.data === undefined) {
      return <><Head title={headOf(page)} />{pools.fault ? <Failure fault={pools.fault} retry={pools.reload} /> : <Skeleton lines={6} tall />}</>;
    }
    if (path[0] !== "pool" && page === "pools") return <Pools pools={all} />;
    const meant = all.find((one) => one.name === known);
    const draw = PAGES[page]?.draw;
    if (path[0] !== "pool" || !draw || !rest) {
      return <><Head title="There is no such page" /><Empty title="Nothing is at this address"><a href={link(["pools"])}>Go to the pools</a></Empty></>;
    }
    if (!meant) {
      return <><Head title={`There is no pool "${known}"`} /><Empty title="It was deleted, or your token may not use it">
        <a href={link(["pools"])}>Choose another pool</a></Empty></>;
    }
    return <div key={`${known}/${page}`}>{draw(rest, meant, path.slice(3))}</div>;
  }

  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to the page</a>
      <header class="top">
        <a class="brand" href={link(["pools"])}><Mark />Pointsman</a>
        <span class="caller">{server.data?.caller}</span>
        <ThemeSwitch />
      </header>
      <Nav pools={all} pool={pool} page={page} />
      <main id="main" ref={main} tabIndex={-1}>{body()}</main>
      <Said />
    </div>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent-fill)" />
      <path d="M7 16h5c5 0 5-8 10-8h3M12 16c5 0 5 8 10 8h3" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" />
    </svg>
  );
}
