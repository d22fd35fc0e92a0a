import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { Prng } from "../../base/prng.ts";
import { EtcdClient } from "../../server/etcd/edge/etcd-client.ts";
import { EtcdError } from "../../server/etcd/etcd-error.ts";
import type { Transaction } from "../../server/etcd/etcd-messages.ts";
import { pairKeys } from "../../server/etcd/pair-keys.ts";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import { PairCommits } from "../../server/lease/replicated/edge/pair-commits.ts";
import { PairFollow } from "../../server/lease/replicated/edge/pair-follow.ts";
import { LeaseBatch } from "../../server/lease/replicated/lease-batch.ts";
import type { PairNotice } from "../../server/lease/replicated/pair-messages.ts";
import { LeaseRow } from "../../server/lease/table/lease-row.ts";
import { claimTransaction, judgeClaim, noLeader } from "../../server/mandate/leader-key.ts";
import { EtcdCluster, etcdMissingReason, pairWorkerFile } from "./etcd-cluster.testing.ts";
import { follow, lead, leaseOf, newFolder, newPrefix, newTable } from "./etcd-node.testing.ts";

const seed = Number(process.env["PROVLAB_SEED"] ?? 20_261);

function batchOf(...records: ReturnType<typeof leaseOf>[]): LeaseBatch {
  const batch = new LeaseBatch();
  const row = new LeaseRow();
  for (const record of records) {
    row.setRecord(record);
    batch.append(row);
  }
  return batch;
}

/**
 * A node in a process of its own: it leads, and then commits one lease after the other. A line for each
 * commit that was acknowledged, and one for the error that ended it.
 */
const leaderScript = (folder: URL): string => `
import { LeaseTable } from ${JSON.stringify(new URL("../../table/lease-table.js", folder).href)};
import { PairNode } from ${JSON.stringify(new URL("./pair-node.js", folder).href)};
import { EtcdLeadership } from ${JSON.stringify(new URL("../../../mandate/edge/etcd-leadership.js", folder).href)};
const [list, prefix, leaseFile] = process.argv.slice(-3);
const endpoints = list.split(",");
const self = { node: "paused", bootId: "of the paused" };
const low = 0x0a090000;
const table = new LeaseTable([{ low, high: low + 16383, pool: 0 }]);
const node = new PairNode(table, {
  ...{ endpoints, prefix, leaseFile, bootId: self.bootId, file: { create: true } },
  ...{ commitMsMax: 2000, attemptMsMin: 400, probeMs: 200, onEnd: () => process.exit(3) },
});
while (!node.isComplete) node.awaitNotice(50);
const leadership = new EtcdLeadership({
  ...{ self, endpoints, prefix, answerMsMax: 2000, attemptMsMin: 400, probeMs: 200, presenceSeconds: 30 },
  followed: { isInSync: true, revision: 0 },
});
const claim = () => leadership.claim({ seenEpoch: 0, raisesFailureFlag: false });
while ((await claim()).kind !== "won") await new Promise((resolve) => setTimeout(resolve, 20));
node.adopt({ epoch: 1, term: leadership.termOf(1) });
while (node.role !== "active") node.awaitNotice(50);
for (let last = 0; ; last += 1) {
  const hardware = { type: 1, address: Uint8Array.of(2, 0, 0, 0, last >> 8, last) };
  const times = { startsAt: 1000, endsAt: 4600 };
  node.store.append({ address: low + (last % 16384), bindingState: "active", ...times, hardware });
  try {
    node.store.commit();
    console.log("acknowledged", last);
  } catch (error) {
    console.log(error.code);
    process.exit(0);
  }
}`;

describeUnless(etcdMissingReason(), "a pair when things go wrong", () => {
  let cluster: EtcdCluster;

  beforeAll(async () => {
    cluster = await EtcdCluster.start();
  });
  afterAll(() => cluster.stop());

  test("HA-21 split-brain notification: a leader that is stopped while another claims acknowledges nothing when it goes on", async () => {
    const { folder, remove } = newFolder();
    onTestFinished(remove);
    const prefix = newPrefix();
    const script = join(folder, "leader.mjs");
    writeFileSync(script, leaderScript(pairWorkerFile));
    const args = [script, cluster.endpoints.join(","), prefix, join(folder, "paused")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (line) => lines.push(line));
    await expect.poll(() => lines.length, { timeout: 20_000 }).toBeGreaterThan(50);
    child.kill("SIGSTOP");
    const node = follow(newTable(), {
      ...{ endpoints: cluster.endpoints, prefix, name: "b", leaseFile: join(folder, "b") },
    });
    onTestFinished(() => node.close());
    await lead(node);
    const ended = new Promise((resolve) => reader.once("close", resolve));
    child.kill("SIGCONT");
    await ended;
    expect(lines.pop()).toBe("FENCED");
    const keys = pairKeys(prefix);
    const client = cluster.client();
    onTestFinished(() => client.close());
    const { found } = await client.range({ key: keys.leases, end: `${keys.leases}~` }, 5000);
    const revisions = new Map(found.map(({ key, modRevision }) => [key, modRevision]));
    // Whatever was acknowledged, before or after the pause, was in etcd before the other's term.
    for (const [place, line] of lines.entries()) {
      expect(line).toBe(`acknowledged ${place}`);
      const key = `${keys.leases}10.9.${(place >>> 8) & 0x3f}.${place & 0xff}`;
      expect(revisions.get(key)).toBeLessThan(node.leader.modRevision);
    }
    for (const revision of revisions.values())
      expect(revision).toBeLessThan(node.leader.modRevision);
  });

  test(`answers that are lost are settled, whatever had happened (seed ${seed})`, async () => {
    const prng = new Prng(seed, 1);
    const late: Transaction[] = [];
    class LossyClient extends EtcdClient {
      override async transact(transaction: Transaction, msMax: number) {
        const fate = prng.nextBelow(4);
        if (fate === 0) late.push(transaction);
        if (fate <= 1) throw new EtcdError("not sent, or on its way");
        const answer = await super.transact(transaction, msMax);
        if (fate === 2) throw new EtcdError("the answer is lost");
        return answer;
      }
    }
    const options = { endpoints: cluster.endpoints, attemptMsMin: 500, attemptMsMax: 1000 };
    const client = new LossyClient(options);
    const keys = pairKeys(newPrefix());
    const nothing = () => undefined;
    const commits = new PairCommits({
      ...{ client, keys, commitMsMax: 2000, post: nothing, onProgress: nothing },
    });
    onTestFinished(() => client.close());
    const plain = cluster.client();
    onTestFinished(() => plain.close());
    const self = { node: "a", bootId: "x" };
    const presence = { key: `${keys.presence}a`, value: new TextEncoder().encode("x") };
    await plain.transact({ guards: [], puts: [presence], reads: [] }, 5000);
    const next = { epoch: 1, holder: self, hold: "held" } as const;
    const claim = claimTransaction(keys, noLeader, next, false);
    let term: number | undefined;
    for (let attempt = 0; term === undefined; attempt += 1) {
      expect(attempt).toBeLessThan(50);
      const answer = await client.transact(claim, 2000).catch((error: unknown) => {
        if (!(error instanceof EtcdError)) throw error;
        return undefined;
      });
      const judgement = answer && judgeClaim(keys, noLeader, next, answer);
      if (judgement?.kind === "won") term = judgement.term;
      else expect(judgement).toBeUndefined();
    }
    commits.lead(term);
    const acknowledged = new Map<string, string>();
    let lost = 0;
    for (let round = 0; round < 120; round += 1) {
      const record = leaseOf(round % 5, 1000 + round);
      const { shared, lengthBytes } = batchOf(record);
      const end = await commits.commit(shared, lengthBytes);
      expect(end).not.toBe("fenced");
      const key = `${keys.leases}10.9.0.${round % 5}`;
      if (end === "durable") acknowledged.set(key, writeRecord(record));
      else {
        lost += 1;
        acknowledged.delete(key);
      }
      // A copy from long ago arrives.
      const copy =
        late.length > 0 && prng.nextBelow(2) === 0
          ? late.splice(prng.nextBelow(late.length), 1)[0]
          : undefined;
      if (copy !== undefined) await plain.transact(copy, 5000);
    }
    expect(lost).toBeGreaterThan(20);
    expect(acknowledged.size).toBeGreaterThan(0);
    for (const [key, text] of acknowledged) {
      const { found } = await plain.range({ key }, 5000);
      expect(new TextDecoder().decode(found[0].value)).toBe(text);
    }
  });

  test("a watch whose revisions are compacted away reads everything anew", async () => {
    let isCut = false;
    class CutClient extends EtcdClient {
      override watch(...args: Parameters<EtcdClient["watch"]>) {
        if (!isCut) return super.watch(...args);
        const listener = args[3];
        setTimeout(() => listener.onEnd("cut"), 5);
        return { pause: () => undefined, resume: () => undefined, cancel: () => undefined };
      }
    }
    const options = { endpoints: cluster.endpoints, attemptMsMin: 500, attemptMsMax: 1000 };
    const keys = pairKeys(newPrefix());
    const notices: PairNotice[] = [];
    const client = new CutClient(options);
    const post = (notice: PairNotice): void => void notices.push(notice);
    const following = new PairFollow({ client, keys, probeMs: 100, post });
    const writer = cluster.client();
    onTestFinished(() => {
      following.stop();
      client.close();
      writer.close();
    });
    void following.run();
    const count = (kind: PairNotice["kind"]): number =>
      notices.filter((notice) => notice.kind === kind).length;
    await expect.poll(() => count("complete")).toBe(1);
    isCut = true;
    client.changeMember();
    await expect.poll(() => count("trouble")).toBeGreaterThan(1);
    const value = new TextEncoder().encode(writeRecord(leaseOf(1, 1000)));
    const key = `${keys.leases}10.9.0.1`;
    let revision = 0;
    for (let round = 0; round < 3; round += 1) {
      const transaction = { guards: [], puts: [{ key, value }], reads: [] };
      ({ revision } = await writer.transact(transaction, 5000));
    }
    cluster.ctl("compact", `${revision}`);
    isCut = false;
    await expect.poll(() => count("loading")).toBe(2);
    await expect.poll(() => count("complete")).toBe(2);
    expect(count("leases")).toBe(1);
    // And it watches again.
    await writer.transact({ guards: [], puts: [{ key, value }], reads: [] }, 5000);
    await expect.poll(() => count("leases")).toBe(2);
  });
});
