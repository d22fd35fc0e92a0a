import { describe, expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { DecodeError } from "../../../protocol/decode-error.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { decodePacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { MUTANT_BYTES_MAX } from "../campaign/packet-draft.ts";
import { packetMutator } from "../campaign/packet-mutator.ts";
import { buildCorpus } from "./corpus.ts";
import { readEverything } from "./packet-reader.ts";
import { dhcpShape } from "./packet-shape.ts";

const population = new Population({
  cableModems: 40,
  mtas: 10,
  cpes: 10,
  smartMeters: 10,
  cmtsCount: 2,
});
const server = { address: 0x7f00_0001, port: 67 };
const plan = { population, devices: [0, 41, 52, 65], server };

describe("the corpus", () => {
  const corpus = buildCorpus(plan);
  const packets = corpus.map(({ bytes }) => decodePacket(bytes));

  test("is the same every time", () => {
    expect(buildCorpus(plan)).toEqual(corpus);
  });

  test("has every message of a client's life, and the replies", () => {
    const types = new Set(packets.map(messageType));
    const { discover, offer, request, decline, ack, release, inform } = MessageType;
    expect(types).toEqual(new Set([discover, offer, request, decline, ack, release, inform]));
    expect(new Set(corpus.map(({ from }) => from))).toEqual(new Set(["relay", "device", "server"]));
  });

  test("has all four kinds of REQUEST (RFC 2131, section 4.3.2)", () => {
    const requests = packets.filter((packet) => messageType(packet) === MessageType.request);
    const kinds = requests.map(({ ciaddr, giaddr, options }) => {
      if (options.has(OptionCode.serverIdentifier)) return "selecting";
      if (options.has(OptionCode.requestedAddress)) return "rebooting";
      return ciaddr !== 0 && giaddr === 0 ? "renewing" : "rebinding";
    });
    expect(new Set(kinds)).toEqual(new Set(["selecting", "rebooting", "renewing", "rebinding"]));
  });

  test("has replies whose options go beyond the options field", () => {
    const overloaded = packets.filter(({ options }) => options.has(OptionCode.overload));
    expect(overloaded.length).toBeGreaterThan(0);
  });

  test("is read through without a refusal", () => {
    const tally = { decoded: 0, rejected: 0 };
    for (const packet of packets) expect(readEverything(packet, tally)).toEqual([]);
    expect(tally.rejected).toBe(0);
    expect(tally.decoded).toBeGreaterThan(packets.length);
  });

  test("gives mutants of which some decode and some do not, and nothing else (seed 4)", () => {
    const samples = corpus.map(({ bytes }) => bytes);
    const mutator = packetMutator(dhcpShape, samples, new Prng(4, 0));
    const target = new Uint8Array(MUTANT_BYTES_MAX);
    const tally = { decoded: 0, rejected: 0 };
    const codes = new Set<string>();
    let decoded = 0;
    for (let i = 0; i < 5000; i += 1) {
      try {
        readEverything(decodePacket(target.subarray(0, mutator(target))), tally);
        decoded += 1;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        codes.add(error.code);
      }
    }
    expect(decoded).toBeGreaterThan(500);
    expect(decoded).toBeLessThan(4500);
    expect(codes.size).toBeGreaterThan(5);
    expect(tally.rejected).toBeGreaterThan(0);
  });
});
