import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { PairNode, type PairNodeOptions } from "../../server/lease/etcd/pair-node.ts";
import type { LeaseRecord } from "../../server/lease/lease.ts";
import { LeaseTable } from "../../server/lease/lease-table.ts";
import { pairWorkerFile } from "./etcd-cluster.testing.ts";

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

let pairs = 0;

/** A name of a pair that no other test has. */
export function newPair(): string {
  pairs += 1;
  return `pair-${process.pid}-${pairs}`;
}

/** A folder for the lease files of one test. */
export function newFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "provlab-pair-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts a node that has seen everything. */
export function follow(
  table: LeaseTable,
  options: Pick<PairNodeOptions, "endpoints" | "pair" | "node" | "leaseFile"> &
    Partial<PairNodeOptions>,
): PairNode {
  const node = new PairNode(table, {
    ...{ commitMsMax: 2000, attemptMsMax: 400, probeMs: 200 },
    ...{ threadFile: pairWorkerFile, onEnd: (reason) => expect.fail(reason) },
    ...options,
    file: { create: true, ...options.file },
  });
  waitFor(node, () => node.isComplete);
  return node;
}

/** Makes it the leader. */
export function lead(node: PairNode, recover = false): PairNode {
  node.claim(recover);
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
