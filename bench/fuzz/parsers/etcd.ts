import {
  decodeLease,
  decodeRange,
  decodeRevision,
  decodeToken,
  decodeTransaction,
  decodeWatch,
  type KeyValue,
} from "../../../server/etcd/etcd-messages.ts";
import { ProtobufError } from "../../../server/etcd/protobuf.ts";
import { sightOf } from "../../../server/mandate/leader-key.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, parsed } from "./oracle.ts";

/** The bytes as each answer that etcd may give. No number is negative or broken, no value larger than the answer. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const transaction = parsed(ProtobufError, () => decodeTransaction(bytes));
    const range = parsed(ProtobufError, () => decodeRange(bytes));
    const watch = parsed(ProtobufError, () => decodeWatch(bytes));
    const lease = parsed(ProtobufError, () => decodeLease(bytes));
    const revision = parsed(ProtobufError, () => decodeRevision(bytes));
    parsed(ProtobufError, () => decodeToken(bytes));
    for (const number of [
      ...[transaction?.revision, range?.revision, range?.count, watch?.compactRevision],
      ...[lease, revision],
    ]) {
      if (number !== undefined) checkWhole(number);
    }
    const found = [transaction?.found, range?.found, watch?.events].flatMap((list) => list ?? []);
    for (const one of found) checkKeyValue(one, bytes.length);
  },
  words: [
    '{"epoch":1,"node":"a","bootId":"b","hold":"held"}',
    "\x0a\x02\x18\x01",
    "\x12\x08\x0a\x01a\x18\x01\x2a\x01b",
  ],
};

function checkKeyValue(found: KeyValue, bytesMax: number): void {
  checkWhole(found.modRevision);
  check("a value larger than the answer", found.value.length <= bytesMax);
  sightOf(found);
}

/** A number of etcd may be beyond 2^53, where only its size is right. */
function checkWhole(number: number): void {
  check(`${number} is no whole number`, Number.isInteger(number) && number >= 0);
}
