import {
  decodeIntroduction,
  decodeMessage,
  encodeMessage,
  MESSAGE_BYTES_MAX,
} from "../../../protocol/omapi/message.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkSame } from "./oracle.ts";

/** A message, as it comes behind the introduction; the first bytes are read as an introduction as well. */
export const target: FuzzTarget = {
  read: (bytes) => {
    decodeIntroduction(bytes);
    const decoded = decodeMessage(bytes);
    if (decoded.kind !== "whole") return;
    const { bytes: length, message } = decoded;
    check("longer than a message may be", length <= MESSAGE_BYTES_MAX);
    const { signed, signature, ...plain } = message;
    const signer = { bytes: signature.length, sign: () => signature };
    // What is signed by no key has no signature when it is encoded again.
    if (plain.authenticator === 0 && signature.length > 0) return;
    checkSame("encoded again", encodeMessage(plain, signer), bytes.slice(0, length));
    check("signed from the wrong place", signed.length === length - 4 - signature.length);
  },
};
