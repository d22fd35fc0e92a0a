import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { pairKeys } from "../../server/etcd/pair-keys.ts";
import { PairNode } from "../../server/lease/replicated/edge/pair-node.ts";
import { nodeDisk } from "../../server/lease/store/edge/node-disk.ts";
import { systemError, watchedDisk } from "../../server/lease/store/lease-disk.testing.ts";
import { describeLeaseStore } from "../../server/lease/store/lease-store.testing.ts";
import { encodeLeader } from "../../server/mandate/leader-key.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";
import { newFolder, newPrefix, patience, waitFor } from "./etcd-node.testing.ts";

/** A claim that nobody contests, made at once: stores are opened without waiting. */
function seize(cluster: EtcdCluster, prefix: string, node: PairNode, bootId: string): void {
  const keys = pairKeys(prefix);
  const epoch = (node.leader.record?.epoch ?? 0) + 1;
  const claim = { epoch, holder: { node: "a", bootId }, hold: "held" } as const;
  cluster.ctl("put", keys.chain, "0");
  cluster.ctl("put", keys.leader, new TextDecoder().decode(encodeLeader(claim)));
  waitFor(node, () => node.leader.record?.epoch === epoch);
  node.adopt({ epoch, term: node.leader.modRevision });
  expect(node.role).toBe("active");
}

for (const txnOpsMax of [1024, 128]) {
  describeUnless(etcdMissingReason(), `transactions of at most ${txnOpsMax} operations`, () => {
    let cluster: EtcdCluster;

    beforeAll(async () => {
      cluster = await EtcdCluster.start({ txnOpsMax });
    });
    afterAll(() => cluster.stop());

    describeLeaseStore("EtcdLeaseStore", () => {
      const { folder, remove } = newFolder();
      const prefix = newPrefix();
      let opened = 0;
      let code: string | undefined;
      // The lease file is written first: when that fails, etcd is not even asked.
      const disk = watchedDisk(nodeDisk, (_, name) => {
        if (name !== "write" || code === undefined) return;
        const thrown = code;
        code = undefined;
        throw systemError(thrown);
      });
      return {
        open(table) {
          // A new lease file each time: what is found was found in etcd.
          opened += 1;
          const leaseFile = join(folder, `leases-${opened}`);
          const { endpoints } = cluster;
          const bootId = `boot-${opened}`;
          const node = new PairNode(table, {
            ...{ endpoints, prefix, leaseFile, bootId, file: { disk, create: true } },
            ...patience,
          });
          waitFor(node, () => node.isComplete);
          seize(cluster, prefix, node, bootId);
          return node.store;
        },
        failNextCommit(next) {
          code = next;
        },
        remove,
      };
    });
  });
}
