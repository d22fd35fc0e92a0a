import { DecodeError } from "../../../protocol/decode-error.ts";

/** A reply that was read, or what is wrong with it. */
export type CheckedReply<Packet> =
  | { readonly kind: "good"; readonly packet: Packet }
  | { readonly kind: "bad"; readonly problem: string };

/** Reads a reply; a DecodeError makes it a bad one. */
export function checkedReply<Packet>(read: () => CheckedReply<Packet>): CheckedReply<Packet> {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: "bad", problem: `it does not decode: ${error.message}` };
  }
}

/** Throws Error when the value is not a whole number from 0 to `max`. */
export function checkNumber(what: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new Error(`${what} is ${value}, not a whole number in 0..${max}`);
}
