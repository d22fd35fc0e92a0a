import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import type { LeaseRecord } from "../../server/lease/lease.ts";
import { PairNode, type PairNodeOptions } from "../../server/lease/replicated/edge/pair-node.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";
import { EtcdLeadership } from "../../server/mandate/edge/etcd-leadership.ts";
import type { Holder } from "../../server/mandate/leadership.ts";
import { EtcdCluster, pairWorkerFile } from "./etcd-cluster.testing.ts";

export const low = 0x0a09_0000;

export const newTable = (size = 16_384): LeaseTable =>
  new LeaseTable([{ low, high: low + size - 1, pool: 0 }]);

/** The lease of address `last` for a device of its own. */
export function leaseOf(last: number, startsAt: number, device = last): LeaseRecord {
  const mac = [2, 0, 0, (device >>> 16) & 0xff, (device >>> 8) & 0xff, device & 0xff];
  return {
    address: low + last,
    bindingState: "active",
    startsAt,
    endsAt: startsAt + 3600,
    cltt: startsAt,
    nextBindingState: "free",
    rewindBindingState: "free",
    hardware: { type: 1, address: Uint8Array.from(mac) },
    clientId: Uint8Array.of(1, ...mac),
    vendorClass: new TextEncoder().encode("docsis3.0:052401010102"),
  };
}

let prefixes = 0;

/** Of the keys of a pair that no other test has. */
export function newPrefix(): string {
  prefixes += 1;
  return `/provlab/pair-${process.pid}-${prefixes}/`;
}

/** A folder for the lease files of one test. */
export function newFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "provlab-pair-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What the nodes of tests have in common. */
export const patience = {
  ...{ commitMsMax: 2000, attemptMsMin: 400, probeMs: 200 },
  threadFile: pairWorkerFile,
  onEnd: (reason: string) => expect.fail(reason),
};

let boots = 0;

export type TestNodeOptions = Pick<PairNodeOptions, "endpoints" | "prefix" | "leaseFile"> &
  Partial<PairNodeOptions> & { readonly name?: string };

/** A node with the part of it that claims. */
export class TestNode extends PairNode {
  readonly self: Holder;
  readonly leadership: EtcdLeadership;

  constructor(table: LeaseTable, { name = "a", ...options }: TestNodeOptions) {
    boots += 1;
    const self = { node: name, bootId: options.bootId ?? `boot-${boots}` };
    super(table, {
      ...patience,
      ...options,
      bootId: self.bootId,
      file: { create: true, ...options.file },
    });
    this.self = self;
    this.leadership = leadershipOf(self, options);
  }

  /** Claims, whoever leads; the epoch that it has then. */
  async claim(): Promise<number> {
    const endMs = performance.now() + 20_000;
    while (performance.now() < endMs) {
      const seenEpoch = this.leadership.current()?.epoch ?? 0;
      const outcome = await this.leadership.claim({ seenEpoch, raisesFailureFlag: false });
      if (outcome.kind === "won") return outcome.epoch;
      await pause(10);
    }
    return expect.fail(`no claim is won; ${this.leadership.trouble}`);
  }

  async close(): Promise<void> {
    this.store.close();
    await this.leadership.close();
  }
}

/** One that knows of the pair, and has its presence in etcd; `followed` are leases that nobody looks at. */
export function leadershipOf(
  self: Holder,
  { endpoints, tls, prefix }: Pick<PairNodeOptions, "endpoints" | "tls" | "prefix">,
  presenceSeconds = 20,
): EtcdLeadership {
  return new EtcdLeadership({
    ...{ self, endpoints, tls, prefix, presenceSeconds },
    ...{ answerMsMax: 2000, attemptMsMin: 400, probeMs: 200 },
    followed: { isInSync: true, revision: 0 },
  });
}

/** Starts a node that has seen everything. */
export function follow(table: LeaseTable, options: TestNodeOptions): TestNode {
  const node = new TestNode(table, options);
  waitFor(node, () => node.isComplete);
  return node;
}

/** Makes it the leader. */
export async function lead(node: TestNode): Promise<TestNode> {
  const epoch = await node.claim();
  node.adopt({ epoch, term: node.leadership.termOf(epoch)! });
  waitFor(node, () => node.role !== "claiming");
  expect(node.role).toBe("active");
  return node;
}

/** Lets the node take what comes until `isDone`; fails after 20 s. */
export function waitFor(node: PairNode, isDone: () => boolean): void {
  const endMs = performance.now() + 20_000;
  while (!isDone()) {
    if (performance.now() > endMs) expect.fail(`in vain; ${node.trouble}`);
    node.awaitNotice(50);
  }
}

/** Commits them together. */
export function commit(node: PairNode, ...records: readonly LeaseRecord[]): void {
  for (const record of records) node.store.append(record);
  node.store.commit();
}

/** The lease of address `last`, as the lease file has it. */
export const textOf = (table: LeaseTable, last: number): string =>
  writeRecord(table.recordOf(table.indexOf(low + last)));

/**
 * Made in a `describe`: its tests share the members of an etcd, and each has keys and lease files of a pair of its
 * own, and nodes that are closed at its end.
 */
export class PairOfTests {
  cluster!: EtcdCluster;
  prefix = "";
  folder = "";
  #nodes: TestNode[] = [];
  #readers = 0;

  constructor(members = 3) {
    beforeAll(async () => {
      this.cluster = await EtcdCluster.start({ members });
    });
    afterAll(() => this.cluster.stop());
    let remove: () => void;
    beforeEach(() => {
      this.prefix = newPrefix();
      ({ folder: this.folder, remove } = newFolder());
    });
    afterEach(async () => {
      await this.closeAll();
      remove();
    });
  }

  leaseFileOf(name: string): string {
    return join(this.folder, `${name}.leases`);
  }

  /** A start of the node `name`, on the lease file that it had. */
  start(
    name: string,
    table: LeaseTable = newTable(),
    options: Partial<TestNodeOptions> = {},
  ): TestNode {
    const { prefix, cluster } = this;
    const leaseFile = this.leaseFileOf(name);
    const own = { endpoints: cluster.endpoints, prefix, name, leaseFile };
    const node = follow(table, { ...own, ...options });
    this.#nodes.push(node);
    return node;
  }

  /** What one more node finds in etcd. */
  found(): LeaseTable {
    const table = newTable();
    this.#readers += 1;
    this.start(`reader-${this.#readers}`, table);
    return table;
  }

  async close(node: TestNode): Promise<void> {
    this.#nodes = this.#nodes.filter((other) => other !== node);
    await node.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.close()));
  }
}
