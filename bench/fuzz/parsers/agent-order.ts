import { gzipSync } from "node:zlib";
import {
  ALLOWED_DEFAULT,
  decodeOrder,
  parseAllowed,
  refusalOf,
} from "../../../cli/run/agents/order.ts";
import { RendezvousError } from "../../../cli/run/agents/rendezvous-error.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, parsed } from "./oracle.ts";

const loopback = [parseAllowed(ALLOWED_DEFAULT)!];

/** The bytes as what an order of an agent is unpacked to; one that is allowed loads this machine alone. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const order = parsed(RendezvousError, () => decodeOrder(gzipSync(bytes, { level: 1 })));
    if (order === undefined || refusalOf(order, loopback) !== undefined) return;
    const isLocal = order.plan.servers.every(({ address }) => address >>> 24 === 127);
    check("a target elsewhere", isLocal);
  },
  words: [
    ...['"$column":"Uint8Array"', '"length":1', '"placement":"machines"', '"kind":"external"'],
    ...['"servers":[{"address":2130706433,"port":67}]', '"workers":1', '"ports":{', '"files":['],
  ],
};
