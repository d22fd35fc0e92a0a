import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { RelayAgents } from "../relay/cmts.ts";
import { RecordingSink, replyTo } from "./exchange.testing.ts";
import { MessageTemplates } from "./message/message-templates.ts";
import { type Reply, ReplyReader } from "./reply.ts";

const SEED = 20_261_126;
const MUTANTS = 4000;
const population = new Population({
  cableModems: 9,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 2,
});
const sink = new RecordingSink();
const relays = new RelayAgents(population, [{ address: 1, port: 67 }], sink);
const templates = new MessageTemplates(population);
const fields = { xid: 0xfedc_ba98, secs: 0, ciaddr: 0, requested: 0, server: 0 };
const target = relays.buffer();
const length = templates.write(7, "discover", fields, target);
relays.forward(7, target, templates.endOffset, length);
const request = sink.take()[0].packet;
const reply = replyTo(request, {
  type: MessageType.ack,
  yiaddr: 0xc0a8_0001,
  server: 0xffff_fffe,
  leaseSeconds: 0xffff_ffff,
  renewalSeconds: 100,
  rebindingSeconds: 200,
});
const codes = Object.values(OptionCode);

function seen(packet: Reply): unknown {
  const { op, xid, ciaddr, yiaddr, giaddr, chaddr, options } = packet;
  return {
    ...{ op, xid, ciaddr, yiaddr, giaddr, chaddr: [...chaddr] },
    options: codes.map((code) => [
      code,
      [...(options.get(code) ?? ["none"])],
      options.getUInt8(code),
      options.getUInt32(code),
    ]),
  };
}

function outcome(read: (bytes: Uint8Array) => Reply, bytes: Uint8Array): unknown {
  try {
    return seen(read(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return `${error.code} at ${error.offset}`;
    throw error;
  }
}

describe("a reply is read as it is decoded", () => {
  const reader = new ReplyReader();
  const read = (bytes: Uint8Array): Reply => reader.read(bytes);

  test("a plain one, without a view of its own for every value", () => {
    const plain = reader.read(reply.bytes!);
    expect(seen(plain)).toEqual(seen(reply));
    expect(reader.read(reply.bytes!)).toBe(plain);
    expect(plain.options.get(OptionCode.relayAgentInformation)).toBe(
      plain.options.get(OptionCode.relayAgentInformation),
    );
  });

  test("an option of the reply before is not one of this", () => {
    reader.read(reply.bytes!);
    const bare = replyTo(request, { type: MessageType.nak, withoutRelayInformation: true });
    const { options } = reader.read(bare.bytes!);
    expect(options.getUInt32(OptionCode.leaseTime)).toBeUndefined();
    expect(options.get(OptionCode.relayAgentInformation)).toBeUndefined();
  });

  test(`${MUTANTS} mutants, seed ${SEED}: the same values or the same error`, () => {
    const random = new Prng(SEED, 0);
    const below = (limit: number): number => Math.floor(random.nextFloat() * limit);
    let refused = 0;
    for (let mutant = 0; mutant < MUTANTS; mutant += 1) {
      const whole = reply.bytes!;
      const bytes = whole.slice(0, below(4) === 0 ? below(whole.length + 1) : whole.length);
      for (let edit = below(4); edit > 0 && bytes.length > 0; edit -= 1) {
        const isOption = below(4) > 0 && bytes.length > 240;
        const at = isOption ? 240 + below(Math.min(60, bytes.length - 240)) : below(bytes.length);
        bytes[at] = below(3) === 0 ? codes[below(codes.length)] : below(256);
      }
      const expected = outcome(decodePacket, bytes);
      if (typeof expected === "string") refused += 1;
      expect(outcome(read, bytes), `mutant ${mutant}`).toEqual(expected);
    }
    expect(refused).toBeGreaterThan(MUTANTS / 10);
    expect(refused).toBeLessThan(MUTANTS);
  });
});
