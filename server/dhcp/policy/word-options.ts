import type { OutgoingOption } from "../../../protocol/dhcp/packet.ts";
import { ipv4Bytes } from "../../../protocol/ipv4.ts";

/** Values remembered for each code: lease times, server identifiers and masks are few. */
const VALUES_MAX = 1024;

/**
 * Options of four bytes: addresses and times. Nearly every reply carries the same few, so they are
 * made once and shared; their bytes must not be changed.
 */
export class WordOptions {
  readonly #byCode = new Map<number, Map<number, OutgoingOption>>();

  of(code: number, value: number): OutgoingOption {
    let known = this.#byCode.get(code);
    if (known === undefined) {
      known = new Map();
      this.#byCode.set(code, known);
    }
    let option = known.get(value);
    if (option === undefined) {
      // The time that a lease has left may be any number, so the memory is bounded.
      if (known.size >= VALUES_MAX) known.clear();
      option = { code, value: ipv4Bytes([value]) };
      known.set(value, option);
    }
    return option;
  }
}
