import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError } from "../encode-error.ts";
import { OptionCode } from "./option-code.ts";
import {
  type EncodeLimits,
  encodePacket,
  type OutgoingOption,
  type OutgoingPacket,
} from "./packet.ts";
import { encodeReply, ReplyTemplate, TemplatedReply } from "./reply-template.ts";

const seed = Number(process.env["PROVLAB_SEED"] ?? 20261126);
const empty = new Uint8Array(0);

const bytes = (max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: 0, maxLength: max });
const word = fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => value >>> 0);
const text = (max: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.constant(empty),
    fc.uint8Array({ min: 1, max: 255, maxLength: max }),
    // Too long, or with a NUL inside: refused by the long way and so by the short one.
    fc.uint8Array({ maxLength: max + 2 }),
  );
// Short ones as most are, and now and then one that needs a second instance (RFC 3396).
const value = fc.oneof({ weight: 8, arbitrary: bytes(12) }, { weight: 1, arbitrary: bytes(300) });
const options: fc.Arbitrary<OutgoingOption[]> = fc.uniqueArray(
  fc.record({ code: fc.integer({ min: 1, max: 254 }), value }),
  { maxLength: 24, selector: ({ code }) => code },
);

const isApart = ({ code }: OutgoingOption): boolean =>
  code === OptionCode.relayAgentInformation || code === OptionCode.overload;

interface Parts {
  readonly template: ReplyTemplate;
  readonly packets: readonly { packet: OutgoingPacket; relayAgent: Uint8Array | undefined }[];
}

const parts: fc.Arbitrary<Parts> = fc
  .record({
    sname: text(64),
    file: text(128),
    options: options.map((all) => all.filter((option) => !isApart(option))),
    leadingCount: fc.nat(8),
    packets: fc.array(
      fc.record({
        numbers: fc.record({
          op: fc.nat(255),
          ...{ htype: fc.nat(255), hops: fc.nat(255), xid: word, secs: fc.nat(0xffff) },
          ...{ flags: fc.nat(0xffff), ciaddr: word, yiaddr: word, siaddr: word, giaddr: word },
        }),
        chaddr: bytes(16),
        values: fc.array(bytes(12), { minLength: 8, maxLength: 8 }),
        relayAgent: fc.option(bytes(600), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ sname, file, options, leadingCount, packets }) => {
    const leading = options.slice(0, leadingCount);
    const template = new ReplyTemplate(sname, file, options.slice(leadingCount));
    return {
      template,
      packets: packets.map(({ numbers, chaddr, values, relayAgent }) => ({
        packet: {
          ...numbers,
          ...{ chaddr, sname, file },
          options: leading.map(({ code }, at) => ({ code, value: values[at] })),
        },
        relayAgent,
      })),
    };
  });

const limits: fc.Arbitrary<EncodeLimits> = fc.record({
  optionBytesMax: fc.oneof(fc.constant(312), fc.integer({ min: 8, max: 1200 })),
  packetBytesMin: fc.constantFrom(0, 300, 576),
  overload: fc.boolean(),
});

type Encode = typeof encodeReply;

/** The end and the whole target, one character a byte, or the error. */
function outcomeOf(
  encode: Encode,
  reply: OutgoingPacket,
  limits: EncodeLimits,
  targetBytes: number,
): string {
  // Rubbish from the datagram before: every byte up to the end must be written.
  const target = new Uint8Array(targetBytes).fill(0xee);
  try {
    const end = encode(reply, target, 3, limits);
    return `${end} ${Buffer.from(target).toString("latin1")}`;
  } catch (error) {
    if (error instanceof EncodeError || error instanceof RangeError) return `! ${error.message}`;
    throw error;
  }
}

describe("encodeReply", () => {
  test(`writes the bytes of encodePacket, or fails as it does (seed ${seed})`, () => {
    let short = 0;
    let long = 0;
    fc.assert(
      fc.property(parts, limits, fc.constantFrom(320, 3000), (made, limits, targetBytes) => {
        for (const { packet, relayAgent } of made.packets) {
          const opening = made.template.openingWith(packet.options);
          const opened = new TemplatedReply(packet, made.template, relayAgent, opening);
          const reply = new TemplatedReply(packet, made.template, relayAgent);
          const relay = relayAgent && { code: OptionCode.relayAgentInformation, value: relayAgent };
          const whole: OutgoingPacket = {
            ...packet,
            options: [...packet.options, ...made.template.options, ...(relay ? [relay] : [])],
          };
          const expected = outcomeOf(encodePacket, whole, limits, targetBytes);
          expect(outcomeOf(encodeReply, reply, limits, targetBytes) === expected).toBe(true);
          expect(outcomeOf(encodeReply, opened, limits, targetBytes) === expected).toBe(true);
          // By its interface alone it is the same packet.
          expect(outcomeOf(encodePacket, reply, limits, targetBytes) === expected).toBe(true);
          const room = limits.optionBytesMax - 5;
          const size = whole.options.reduce((sum, { value }) => sum + value.length + 2, 0);
          if (expected.startsWith("!") || size > room) long += 1;
          else short += 1;
        }
      }),
      { seed, numRuns: 2000 },
    );
    // Both ways were taken often enough to mean something.
    expect(short).toBeGreaterThan(500);
    expect(long).toBeGreaterThan(500);
  });

  test("a packet without a template is encoded as it is", () => {
    const packet: OutgoingPacket = {
      op: 2,
      ...{ htype: 1, hops: 0, xid: 7, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 9, siaddr: 0, giaddr: 0 },
      ...{ chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1), sname: empty, file: empty },
      options: [{ code: OptionCode.messageType, value: Uint8Array.of(2) }],
    };
    const usual: EncodeLimits = { optionBytesMax: 312, packetBytesMin: 300, overload: true };
    expect(outcomeOf(encodeReply, packet, usual, 400)).toEqual(
      outcomeOf(encodePacket, packet, usual, 400),
    );
  });
});
