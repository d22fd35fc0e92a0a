import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { pairKeys } from "../../server/etcd/pair-keys.ts";
import { EtcdLeadership, presenceSecondsOf } from "../../server/mandate/edge/etcd-leadership.ts";
import { claimTransaction, noLeader } from "../../server/mandate/leader-key.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";
import { newPrefix } from "./etcd-node.testing.ts";

const patiently = { timeout: 60_000, interval: 20 };
const answerMsMax = 1000;

/** The way to one member, which may lose what comes back, or lead nowhere. */
class Detour {
  endpoint = "";
  mode: "open" | "answers are lost" | "closed" = "open";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(to: string) {
    const { hostname, port } = new URL(to);
    this.#server = createServer((from) => {
      const onward = dial(Number(port), hostname);
      for (const socket of [from, onward]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
      }
      from.on("data", (chunk) => this.mode !== "closed" && onward.write(chunk));
      onward.on("data", (chunk) => this.mode === "open" && from.write(chunk));
      from.on("close", () => onward.destroy());
      onward.on("close", () => from.destroy());
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.endpoint = `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
    return this;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describeUnless(etcdMissingReason(), "the leadership in etcd", () => {
  let cluster: EtcdCluster;
  let prefix: string;

  beforeAll(async () => {
    cluster = await EtcdCluster.start();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    prefix = newPrefix();
  });

  /** Of node `name`, when it has seen the leader key and etcd has seen it. */
  async function start(
    name: string,
    { bootId = `boot-${name}`, presenceSeconds = 20, endpoints = cluster.endpoints } = {},
  ): Promise<EtcdLeadership> {
    const leadership = new EtcdLeadership({
      ...{ self: { node: name, bootId }, endpoints, prefix, presenceSeconds },
      ...{ answerMsMax, attemptMsMin: 200, probeMs: 100 },
      followed: { isInSync: true, revision: 7 },
    });
    onTestFinished(() => leadership.close());
    await expect.poll(() => leadership.current(), patiently).toBeDefined();
    const { presence } = pairKeys(prefix);
    const isThere = () => cluster.ctl("get", "--print-value-only", presence + name).trim();
    await expect.poll(isThere, patiently).toBe(bootId);
    return leadership;
  }

  const claim = (leadership: EtcdLeadership, seenEpoch: number, raisesFailureFlag = false) =>
    leadership.claim({ seenEpoch, raisesFailureFlag });
  const seenBy = (leadership: EtcdLeadership) => expect.poll(() => leadership.current(), patiently);
  const termInEtcd = (): number => {
    const { kvs } = JSON.parse(cluster.ctl("get", "-w", "json", pairKeys(prefix).leader));
    return kvs[0].mod_revision;
  };

  test("a claim is won once and known at once; the other node sees who leads", async () => {
    const a = await start("a");
    const b = await start("b");
    expect([a.isInSync(), a.revision(), a.termOf(1)]).toEqual([true, 7, undefined]);
    expect(await claim(a, 0)).toEqual({ kind: "won", seenEpoch: 0, epoch: 1 });
    expect(a.current()).toMatchObject({ epoch: 1, holder: { node: "a" }, hold: "held" });
    expect(a.termOf(1)).toBe(termInEtcd());
    await seenBy(b).toMatchObject({ epoch: 1, holder: { node: "a", bootId: "boot-a" } });
    expect([b.current()?.hold, b.termOf(1)]).toEqual(["held", undefined]);
    expect(await claim(b, 0)).toEqual({ kind: "lost", seenEpoch: 0 });
    expect(await claim(a, 0)).toEqual({ kind: "won", seenEpoch: 0, epoch: 1 });
  });

  test("who was replaced is told so when it asks, before its watch tells it", async () => {
    const a = await start("a");
    const b = await start("b");
    await claim(a, 0);
    expect(await a.confirm(1)).toBe(true);
    await seenBy(b).toMatchObject({ epoch: 1 });
    expect(await claim(b, 1, true)).toMatchObject({ kind: "won", epoch: 2 });
    expect(await a.confirm(1)).toBe(false);
    expect(a.current()).toMatchObject({ epoch: 2, holder: { node: "b" } });
    expect(await a.confirm(2)).toBe(false);
    expect(await b.confirm(2)).toBe(true);
    // What it had it can neither give back nor change any more.
    await a.release(1, true);
    expect(await a.lowerFailureFlag(1)).toBe(false);
    await seenBy(b).toMatchObject({ epoch: 2, hold: "held", failureInProgress: true });
    // Sometimes its watch is faster than the answer to the other one, and sometimes it is not.
    for (let epoch = 3; epoch < 43; epoch += 1) {
      const [next, before] = epoch % 2 === 0 ? [b, a] : [a, b];
      await seenBy(next).toMatchObject({ epoch: epoch - 1 });
      expect(await claim(next, epoch - 1)).toMatchObject({ kind: "won", epoch });
      expect(await before.confirm(epoch - 1)).toBe(false);
    }
  });

  test("HA-13, step 1: the failure flag outlives both nodes, and to lower it ends no term", async () => {
    const a = await start("a");
    await claim(a, 0, true);
    await a.release(1, false);
    expect(a.current()).toMatchObject({ epoch: 1, hold: "released", failureInProgress: true });
    await a.close();
    const b = await start("b");
    expect(b.current()).toMatchObject({ hold: "released", failureInProgress: true });
    await claim(b, 1);
    expect(b.current()).toMatchObject({ epoch: 2, failureInProgress: true });
    const term = b.termOf(2);
    expect(await b.lowerFailureFlag(2)).toBe(true);
    expect(b.current()).toMatchObject({ epoch: 2, hold: "held", failureInProgress: false });
    expect([b.termOf(2), termInEtcd()]).toEqual([term, term]);
    await b.release(2, true);
    const again = await start("a", { bootId: "boot-a2" });
    expect(again.current()).toMatchObject({ epoch: 2, hold: "released", failureInProgress: true });
  });

  test("a holder that shows itself no more has expired; one that does has not, however long", async () => {
    const client = cluster.client();
    onTestFinished(() => client.close());
    const keys = pairKeys(prefix);
    const holder = { node: "a", bootId: "silent" };
    const lease = await client.grantLease(2, 5000);
    const value = new TextEncoder().encode(holder.bootId);
    await client.put({ key: `${keys.presence}a`, value, lease }, 5000);
    const next = { epoch: 1, holder, hold: "held" } as const;
    const answer = await client.transact(claimTransaction(keys, noLeader, next, false), 5000);
    expect(answer.succeeded).toBe(true);
    // Longer than a busy machine may keep it from showing itself.
    const b = await start("b", { presenceSeconds: 4 });
    await seenBy(b).toMatchObject({ epoch: 1, holder, hold: "held" });
    await seenBy(b).toMatchObject({ epoch: 1, holder, hold: "expired" });
    await claim(b, 1);
    const c = await start("c");
    const endMs = performance.now() + 5000;
    const holds = new Set<string | undefined>();
    await expect
      .poll(() => {
        holds.add(c.current()?.hold);
        return performance.now() > endMs;
      }, patiently)
      .toBe(true);
    expect([...holds]).toEqual(["held"]);
  });

  test("a presence that was lost is made anew, and without one nobody claims", async () => {
    const a = await start("a");
    const b = await start("b");
    await claim(a, 0);
    await seenBy(b).toMatchObject({ epoch: 1, hold: "held" });
    const { presence } = pairKeys(prefix);
    // What an older boot of the same node has left, on its way until now.
    cluster.ctl("put", `${presence}a`, "boot before");
    await seenBy(b).toMatchObject({ epoch: 1, hold: "held" });
    const isThere = () => cluster.ctl("get", "--print-value-only", `${presence}a`).trim();
    await expect.poll(isThere, patiently).toBe("boot-a");
    cluster.ctl("del", `${presence}b`);
    const kinds: string[] = [];
    await expect
      .poll(async () => {
        kinds.push((await claim(b, 1)).kind);
        return kinds.at(-1);
      }, patiently)
      .toBe("won");
    expect(new Set(kinds.slice(0, -1)).size).toBeLessThan(2);
    for (const kind of kinds.slice(0, -1)) expect(kind).toBe("unavailable");
  });

  test("a node that ends takes its presence back at once", async () => {
    const a = await start("a");
    const b = await start("b");
    await claim(a, 0);
    await seenBy(b).toMatchObject({ hold: "held" });
    await a.close();
    await expect.poll(() => b.current()?.hold, patiently).toBe("expired");
    expect(await claim(a, 1)).toMatchObject({ kind: "unavailable" });
    expect(await a.confirm(1)).toBe(false);
  });

  test("a claim whose answers are lost is won by the next one that is heard of", async () => {
    const detour = await new Detour(cluster.endpoints[0]).open();
    onTestFinished(() => detour.close());
    const a = await start("a", { endpoints: [detour.endpoint] });
    detour.mode = "answers are lost";
    expect(await claim(a, 0)).toEqual({ kind: "unavailable", seenEpoch: 0 });
    const term = termInEtcd();
    detour.mode = "open";
    await expect
      .poll(() => claim(a, 0), patiently)
      .toEqual({ kind: "won", seenEpoch: 0, epoch: 1 });
    expect([a.termOf(1), termInEtcd()]).toEqual([term, term]);
  });

  test("etcd that does not answer: what was seen last, a word of trouble, and no promise for ever", async () => {
    const detour = await new Detour(cluster.endpoints[1]).open();
    onTestFinished(() => detour.close());
    const a = await start("a", { endpoints: [detour.endpoint] });
    await claim(a, 0);
    expect(a.trouble).toBe("");
    detour.mode = "closed";
    const seen = a.current();
    const startMs = performance.now();
    expect(
      await Promise.all([claim(a, 1), a.confirm(1), a.lowerFailureFlag(1), a.release(1, false)]),
    ).toEqual([{ kind: "unavailable", seenEpoch: 1 }, false, false, undefined]);
    expect(performance.now() - startMs).toBeLessThan(30 * answerMsMax);
    expect(a.current()).toEqual(seen);
    await expect.poll(() => a.trouble, patiently).toMatch(/did not answer/);
    detour.mode = "open";
    await expect.poll(() => a.confirm(1), patiently).toBe(true);
    await expect.poll(() => a.trouble, patiently).toBe("");
  });

  test("a member that hangs is given up, and who leads is known all the same", async () => {
    const a = await start("a");
    const b = await start("b");
    let epoch = 0;
    for (const member of [0, 1, 2]) {
      cluster.signal(member, "SIGSTOP");
      onTestFinished(() => cluster.signal(member, "SIGCONT"));
      const [next, other] = member % 2 === 0 ? [a, b] : [b, a];
      const seenEpoch = epoch;
      const outcome = () => claim(next, seenEpoch);
      await expect.poll(outcome, patiently).toMatchObject({ kind: "won" });
      epoch += 1;
      await seenBy(other).toMatchObject({ epoch });
      cluster.signal(member, "SIGCONT");
    }
    await cluster.healthy();
  });
});

test("a presence lives for twice the dead time, and 5 s at least", () => {
  expect([400, 2500, 2600, 15_000].map(presenceSecondsOf)).toEqual([5, 5, 6, 30]);
});
