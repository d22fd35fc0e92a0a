import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { systemError, watchedDisk } from "../../server/lease/lease-disk.testing.ts";
import { nodeDisk } from "../../server/lease/lease-file-store.ts";
import { describeLeaseStore } from "../../server/lease/lease-store.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";
import { follow, lead, newFolder, newPair } from "./etcd-node.testing.ts";

for (const txnOpsMax of [1024, 128]) {
  describeUnless(etcdMissingReason(), `transactions of at most ${txnOpsMax} operations`, () => {
    let cluster: EtcdCluster;

    beforeAll(async () => {
      cluster = await EtcdCluster.start({ txnOpsMax });
    });
    afterAll(() => cluster.stop());

    describeLeaseStore("EtcdLeaseStore", () => {
      const { folder, remove } = newFolder();
      const pair = newPair();
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
          const node = follow(table, { endpoints, pair, node: "a", leaseFile, file: { disk } });
          return lead(node).store;
        },
        failNextCommit(next) {
          code = next;
        },
        remove,
      };
    });
  });
}
