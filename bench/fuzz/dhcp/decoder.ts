import { Prng } from "../../base/prng.ts";
import { PacketDecoder } from "../../protocol/dhcp/packet.ts";
import { fuzzInputs, type InputCampaign, type InputReport } from "./campaign/input-campaign.ts";
import { PacketMutator } from "./dhcp/packet-shape.ts";
import { readEverything, type ValueTally } from "./dhcp/packet-reader.ts";

export interface DecoderCampaign
  extends Pick<InputCampaign, "seed" | "packets" | "signal" | "onProgress"> {
  readonly corpus: readonly Uint8Array[];
}

export interface DecoderReport extends InputReport {
  readonly values: Readonly<ValueTally>;
}

const DECODER_STREAM = 0x6465_636f;

/** Feeds the DHCP decoder and reads everything in what it takes; ends at the first failure. */
export async function fuzzDecoder(campaign: DecoderCampaign): Promise<DecoderReport> {
  const { corpus, ...common } = campaign;
  const mutator = new PacketMutator(corpus, new Prng(campaign.seed, DECODER_STREAM));
  // One decoder for all, as the server has it: what a packet leaves behind would show in the next.
  const decoder = new PacketDecoder();
  const values: ValueTally = { decoded: 0, rejected: 0 };
  const report = await fuzzInputs({
    ...common,
    name: "decoder",
    next: (target) => mutator.next(target),
    read: (bytes) => {
      readEverything(decoder.decode(bytes), values);
    },
  });
  return { ...report, values };
}
