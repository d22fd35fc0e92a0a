import { PacketDecoder } from "../../../protocol/dhcp/packet.ts";
import { type DecoderCampaign, decoderCampaign } from "../campaign/input-campaign.ts";
import { readEverything, type ValueTally } from "./packet-reader.ts";
import { dhcpShape } from "./packet-shape.ts";

const DECODER_STREAM = 0x6465_636f;

/** The DHCP decoder, fed with bad packets made from a corpus. */
export function dhcpDecoder(
  seed: number,
  corpus: readonly Uint8Array[],
): DecoderCampaign & { readonly values: Readonly<ValueTally> } {
  // One decoder for all, as the server has it: what a packet leaves behind would show in the next.
  const decoder = new PacketDecoder();
  const values: ValueTally = { decoded: 0, rejected: 0 };
  const campaign = decoderCampaign({
    ...{ name: "decoder", seed, stream: DECODER_STREAM, shape: dhcpShape, corpus },
    read: (bytes) => {
      readEverything(decoder.decode(bytes), values);
    },
    more: () => `option values: ${values.decoded} decoded, ${values.rejected} rejected; `,
  });
  return { ...campaign, values };
}
