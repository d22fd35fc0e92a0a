import { parseEchoReplyPacket } from "../../../protocol/icmp.ts";
import { addToSum, checksumOf } from "../../../protocol/internet-checksum.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check } from "./oracle.ts";

const IP_BYTES = 20;

/** An IPv4 packet of a raw socket, as it is, and with the checksum that an echo reply without IP options needs. */
export const target: FuzzTarget = {
  read: (bytes) => {
    checkReply(bytes);
    if (bytes.length < IP_BYTES + 4) return;
    const summed = bytes.slice();
    summed.fill(0, IP_BYTES + 2, IP_BYTES + 4);
    const checksum = checksumOf(addToSum(0, summed, IP_BYTES, summed.length));
    summed[IP_BYTES + 2] = checksum >>> 8;
    summed[IP_BYTES + 3] = checksum;
    checkReply(summed);
  },
};

function checkReply(bytes: Uint8Array): void {
  const reply = parseEchoReplyPacket(bytes);
  if (reply === undefined) return;
  const { id, sequence, source } = reply;
  check(`echo ${id} ${sequence}`, id >= 0 && id <= 0xffff && sequence >= 0 && sequence <= 0xffff);
  check(`echo of ${source}`, source >= 0 && source <= 0xffff_ffff);
}
