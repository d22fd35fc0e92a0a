import { DecodeError } from "../../../protocol/decode-error.ts";
import { decodeNtp, encodeNtp, kissCode, NTP_BYTES } from "../../../protocol/ntp/packet.ts";
import { ntpRateKiss, ntpRefusal, ntpReply } from "../../../server/ntp/ntp-reply.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { checkSame, parsed } from "./oracle.ts";

const buffer = new Uint8Array(NTP_BYTES);
const nowUnixMs = 1_795_520_000_000;
const clock = {
  ...{ leap: 0, stratum: 3, precision: -20, rootDelaySeconds: 0.01, rootDispersionSeconds: 0.02 },
  ...{ referenceId: 0x4c4f_434c, referenceUnixMs: nowUnixMs },
};

/** A packet is encoded to the bytes that it was, and a request that is answered has replies that can be sent. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const packet = parsed(DecodeError, () => decodeNtp(bytes));
    if (packet === undefined) return;
    encodeNtp(packet, buffer, 0);
    checkSame("encoded again", buffer, bytes.slice(0, NTP_BYTES));
    kissCode(packet);
    if (ntpRefusal(packet, 123) !== undefined) return;
    encodeNtp(ntpReply(packet, clock, nowUnixMs, nowUnixMs + 1), buffer, 0);
    encodeNtp(ntpRateKiss(packet, clock, nowUnixMs), buffer, 0);
  },
};
