import { decodeHeartbeat, encodeHeartbeat } from "../../../protocol/heartbeat/packet.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkSame } from "./oracle.ts";

const SIGNATURE_BYTES = 32;
const signature = new Uint8Array(SIGNATURE_BYTES).fill(0x5a);
const sign = (): Uint8Array => signature;

/** The bytes are signed here: a heartbeat that is signed wrongly is read no further. */
export const target: FuzzTarget = {
  read: (bytes) => {
    check("signed by nobody", typeof decodeHeartbeat(bytes, sign) === "string" || isSigned(bytes));
    const signed = new Uint8Array(bytes.length + SIGNATURE_BYTES);
    signed.set(bytes);
    signed.set(signature, bytes.length);
    const heartbeat = decodeHeartbeat(signed, sign);
    check("its signature is refused", heartbeat !== "authentication");
    if (typeof heartbeat === "string") return;
    checkSame("encoded again", decodeHeartbeat(encodeHeartbeat(heartbeat, sign), sign), heartbeat);
  },
};

function isSigned(bytes: Uint8Array): boolean {
  return bytes.subarray(-SIGNATURE_BYTES).every((byte) => byte === 0x5a);
}
