// For serve-poison.test.ts, loaded into prov by NODE_OPTIONS=--import=<this file>: a bug planted into the engine from
// outside, for the product has no place for one. Each offer and each lease of a device whose hardware address begins
// with 02:de:ad breaks when the lease table has just been changed.
import { LeaseTable } from "../../dist/server/lease/table/lease-table.js";

for (const change of ["offer", "bind"]) {
  const method = LeaseTable.prototype[change];
  LeaseTable.prototype[change] = function (index, client, ...rest) {
    method.call(this, index, client, ...rest);
    const [, second, third] = client.hardware?.address ?? [];
    if (second === 0xde && third === 0xad) throw new TypeError("a planted bug");
  };
}
