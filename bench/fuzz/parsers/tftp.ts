import { DecodeError } from "../../../protocol/decode-error.ts";
import { decodeTftp } from "../../../protocol/tftp/packet.ts";
import { readTftp } from "../tftp/packet-reader.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { parsed } from "./oracle.ts";

/** `readTftp` says what must hold. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const packet = parsed(DecodeError, () => decodeTftp(bytes));
    if (packet !== undefined) readTftp(packet);
  },
  words: [
    ...["\0\x01", "\0\x02", "\0\x06", "octet\0", "netascii\0", "mail\0", "blksize\x001428\0"],
    ...["windowsize\x0016\0", "timeout\x005\0", "tsize\x000\0", "../", "65464\0", "65536\0"],
  ],
};
