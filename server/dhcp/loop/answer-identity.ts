import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { Reply } from "../exchange/outcome.ts";
import { typeOf } from "./reply-sender.ts";

// Offsets in a message (RFC 2131, section 2); options follow the magic cookie.
const hlenOffset = 2;
const chaddrOffset = 28;
const optionsOffset = 240;
const chaddrBytes = 16;

/** What tells whose an encoded reply is: message type, hlen, chaddr. */
export const HEAD_BYTES = 2 + chaddrBytes;

/** Copies it to `at` of `target`. Option 53 comes first in every reply of ours. */
export function copyHead(bytes: Uint8Array, target: Uint8Array, at: number): void {
  const isTyped = bytes[optionsOffset] === OptionCode.messageType;
  target[at] = isTyped ? bytes[optionsOffset + 2] : 0;
  target[at + 1] = bytes[hlenOffset];
  for (let i = 0; i < chaddrBytes; i += 1) target[at + 2 + i] = bytes[chaddrOffset + i];
}

/** Whose answer it is: of a reply, or of what `copyHead` copied. */
export function identityOf(who: Reply | Uint8Array): {
  readonly mac: Uint8Array;
  /** 0 for BOOTP. */
  readonly messageType: number;
} {
  if ("reply" in who) return { mac: who.reply.chaddr, messageType: typeOf(who.reply) };
  return { mac: who.subarray(2, 2 + Math.min(who[1], chaddrBytes)), messageType: who[0] };
}
