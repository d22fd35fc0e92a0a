import { Prng } from "../../../base/prng.ts";
import { PacketDecoder } from "../../../protocol/dhcp/packet.ts";
import type { DecoderSubject } from "../campaign/input-campaign.ts";
import { PacketMutator } from "../campaign/packet-mutator.ts";
import { readEverything, type ValueTally } from "./packet-reader.ts";
import { dhcpShape } from "./packet-shape.ts";

const DECODER_STREAM = 0x6465_636f;

/** The DHCP decoder, fed with bad packets made from a corpus. */
export function dhcpDecoder(
  seed: number,
  corpus: readonly Uint8Array[],
): DecoderSubject & { readonly values: Readonly<ValueTally> } {
  const mutator = new PacketMutator(dhcpShape, corpus, new Prng(seed, DECODER_STREAM));
  // One decoder for all, as the server has it: what a packet leaves behind would show in the next.
  const decoder = new PacketDecoder();
  const values: ValueTally = { decoded: 0, rejected: 0 };
  return {
    name: "decoder",
    values,
    next: (target) => mutator.next(target),
    read: (bytes) => {
      readEverything(decoder.decode(bytes), values);
    },
    more: () => `option values: ${values.decoded} decoded, ${values.rejected} rejected; `,
  };
}
