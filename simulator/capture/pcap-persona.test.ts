import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { Offset } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodePacket, encodePacket, type OutgoingOption } from "../../protocol/dhcp/packet.ts";
import { formatMac } from "../../protocol/mac.ts";
import { messageShapes, readPersonaFile } from "../../scenarios/population/captured-persona.ts";
import { formatValue } from "../../scenarios/population/captured-value.ts";
import { Population } from "../../scenarios/population/population.ts";
import { printPersona } from "../../scenarios/population/print-persona.ts";
import { CapturedTemplates } from "../device/message/captured-templates.ts";
import { deviceModels, modelIndexOf } from "../device/message/identity.ts";
import { MessageTemplates } from "../device/message/message-templates.ts";
import { frameOf } from "./pcap.testing.ts";
import { surveyCapture } from "./pcap-conversation.ts";
import { NoPersona, personaOf } from "./pcap-persona.ts";

const seed = Number(process.env["PROVLAB_SEED"] ?? 20261126);
const population = new Population({
  cableModems: 90,
  mtas: 10,
  cpes: 10,
  smartMeters: 10,
  cmtsCount: 4,
});
const fields = {
  xid: 0x1234_5678,
  secs: 3,
  ciaddr: 0,
  requested: 0x7f40_0010,
  server: 0x7f00_0001,
};
const extending = { ...fields, ciaddr: fields.requested };
const fieldsOf = (shape: string) =>
  shape === "request-extending" || shape === "release" ? extending : fields;

const mac = Uint8Array.of(0x02, 0x1a, 0xbc, 0x3d, 0x4e, 0x5f);
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

interface Sent {
  readonly xid?: number;
  readonly secs?: number;
  readonly flags?: number;
  readonly giaddr?: number;
  readonly ciaddr?: number;
  readonly type?: number;
  readonly options?: readonly OutgoingOption[];
}

function messageOf({
  xid = 7,
  secs = 0,
  flags = 0,
  giaddr = 0,
  ciaddr = 0,
  type = 1,
  options = [],
}: Sent) {
  const bytes = new Uint8Array(1000);
  const packet = {
    ...{ op: 1, htype: 1, hops: giaddr === 0 ? 0 : 1, xid, secs, flags, ciaddr, yiaddr: 0 },
    ...{ siaddr: 0, giaddr, chaddr: mac, sname: new Uint8Array(), file: new Uint8Array() },
    options: [{ code: 53, value: Uint8Array.of(type) }, ...options],
  };
  return bytes.slice(0, encodePacket(packet, bytes, 0));
}

function made(sent: readonly (Sent & { readonly atMs?: number })[], isAnonymous = false) {
  const survey = surveyCapture(sent.map((each) => frameOf(messageOf(each), each.atMs ?? 0)));
  return personaOf(survey.devices.get(formatMac(mac)) ?? [], { name: "x", mac, isAnonymous });
}

const valueIn = (persona: ReturnType<typeof made>, code: number) =>
  persona.persona.messages.discover.options
    .filter((option) => option.code === code)
    .map(({ value }) => formatValue(value))
    .join("|");

describe("a device that is captured is played again", () => {
  const ours = new MessageTemplates(population);
  // Two devices of each model, found by their numbers.
  const pairs = deviceModels.map((_, index) =>
    Array.from({ length: population.size }, (__, device) => device)
      .filter((device) => modelIndexOf(population, device) === index)
      .slice(0, 2),
  );

  test.each(pairs)(
    "device %i: byte for byte, and by device %i with its own MAC",
    (device, other) => {
      const writtenBy = (who: number) =>
        messageShapes.map((shape) => {
          const target = new Uint8Array(1000);
          return target.slice(0, ours.write(who, shape, fieldsOf(shape), target));
        });
      const written = writtenBy(device!);
      const survey = surveyCapture(written.map((bytes, i) => frameOf(bytes, 10_000 * i)));
      const own = population.macOf(device!);
      const conversation = survey.devices.get(formatMac(own))!;
      expect(conversation).toHaveLength(messageShapes.length);
      const { persona } = personaOf(conversation, { name: "x", mac: own, isAnonymous: false });
      const reading = readPersonaFile("x.yaml", printPersona(persona, ["x"]));
      expect(reading).toMatchObject({ kind: "ok" });
      if (reading.kind !== "ok") return;
      const played = new CapturedTemplates(reading.persona, population);
      for (const who of [device!, other!]) {
        const expected = writtenBy(who);
        for (const [index, shape] of messageShapes.entries()) {
          const target = new Uint8Array(1472);
          const length = played.write(who, shape, fieldsOf(shape), target);
          expect(target.subarray(0, length)).toEqual(expected[index]);
          expect(target[played.endOffset]).toBe(OptionCode.end);
        }
      }
    },
  );
});

describe("what varies", () => {
  test.each<[string, number, Uint8Array, string]>([
    ["client-id", 61, Uint8Array.of(1, ...mac), "01 {mac}"],
    [
      "IAID and DUID-LLT",
      61,
      Uint8Array.of(255, ...mac.subarray(2), 0, 1, 0, 1, ...mac),
      "ff {mac/4} 00010001 {mac}",
    ],
    ["text", 12, ascii("cm-021abc3d4e5f"), "636d2d {mac-text}"],
    ["capitals", 12, ascii("CM021ABC3D4E5F"), "434d {MAC-TEXT}"],
    ["the end of it", 12, ascii("cm-3d4e5f"), "636d2d {mac-text/3}"],
    ["colons", 43, Uint8Array.of(4, 17, ...ascii("02:1a:bc:3d:4e:5f")), "0411 {mac-colons}"],
    [
      "dashes and capitals",
      43,
      Uint8Array.of(4, 17, ...ascii("02-1A-BC-3D-4E-5F")),
      "0411 {MAC-DASHES}",
    ],
    ["a client-id of none", 61, ascii("\0subscriber"), "0073756273 {mac}"],
    ["a parameter list is none", 55, mac, "021abc3d4e5f"],
  ])("%s", (_, code, value, expected) => {
    expect(valueIn(made([{ options: [{ code, value }] }]), code)).toBe(expected);
  });

  test("anonymous: names, serial numbers and keys go, lengths stay", () => {
    const options = [
      { code: 12, value: ascii("anna-laptop") },
      { code: 43, value: Uint8Array.of(4, 9, ...ascii("SN1234567"), 5, 3, ...ascii("1.0")) },
      { code: 90, value: Uint8Array.of(1, 1, 0, 9, 9) },
      { code: 60, value: ascii("docsis3.0:010101020103") },
    ];
    const plain = made([{ options }]);
    const without = made([{ options }], true);
    expect(valueIn(plain, 12)).toBe("616e6e612d6c6170746f70");
    expect(valueIn(without, 12)).toBe("{unit/4} 2d {unit/6}");
    expect(valueIn(without, 43)).toBe("0409 787878 {unit/6} 0503312e30");
    expect(valueIn(without, 90)).toBe("0000000000");
    expect(valueIn(without, 60)).toBe(valueIn(plain, 60));
    expect(plain.notes.join()).toMatch(/option 90 \(authentication\) is copied/);
    expect(without.notes.join()).not.toMatch(/copied/);
  });

  test("waits between copies of a message are medians; a copy of the capture is none", () => {
    const at = [0, 1, 3000, 8000, 100_000, 103_400, 108_000, 200_000, 203_100];
    const xids = [1, 1, 1, 1, 2, 2, 2, 3, 3];
    const sent = at.map((atMs, i) => ({ atMs, xid: xids[i], secs: Math.floor(atMs / 1000) }));
    expect(made(sent).persona).toMatchObject({ retransmit: [3100, 5000], secs: "elapsed" });
    const still = sent.map((each) => ({ ...each, secs: 9 }));
    expect(made(still).persona.secs).toBe(9);
    expect(made([{}]).persona).not.toHaveProperty("retransmit");
  });

  test("behind a relay agent: without option 82, giaddr and its hop; its own message comes first", () => {
    const relay = { code: 82, value: Uint8Array.of(1, 2, 8, 8) };
    const relayed = { giaddr: 0x0a00_0001, options: [relay], flags: 0x8000 };
    const { persona } = made([relayed]);
    expect(persona.messages.discover).toMatchObject({ hops: 0, flags: 0x8000 });
    expect(persona.messages.discover.options.map(({ code }) => code)).toEqual([53]);
    expect(made([relayed, { flags: 1 }]).persona.messages.discover.flags).toBe(1);
  });

  test("an earlier address in a DISCOVER, an INFORM and what was not captured are told", () => {
    const requested = { code: 50, value: Uint8Array.of(10, 0, 0, 9) };
    const { persona, notes } = made([{ options: [requested] }, { type: 8, ciaddr: 1 }]);
    expect(persona.messages.discover.options.map(({ code }) => code)).toEqual([53]);
    expect(notes).toEqual([
      expect.stringContaining("option 50 of the DISCOVER is left out"),
      "1 INFORM: seen, and not played",
      expect.stringMatching(/^not captured, .*: request-selecting, .*, release$/),
    ]);
  });

  test("without a DISCOVER there is no persona", () => {
    expect(() => made([{ type: 3 }])).toThrow(NoPersona);
  });
});

test("messages that were not captured are made of the DISCOVER, as RFC 2131 table 5 has them", () => {
  const options = [
    { code: 61, value: Uint8Array.of(1, ...mac) },
    { code: 60, value: ascii("x") },
  ];
  const played = new CapturedTemplates(made([{ options }]).persona, population);
  const codesOf = (shape: (typeof messageShapes)[number]) => {
    const target = new Uint8Array(1472);
    const length = played.write(0, shape, fieldsOf(shape), target);
    const survey = surveyCapture([frameOf(target.subarray(0, length), 0)]);
    const [message] = [...survey.devices.values()].flat();
    expect(message!.shape).toBe(shape);
    const codes: number[] = [];
    for (let at = Offset.options as number; target[at] !== 255; at += 2 + target[at + 1]) {
      codes.push(target[at]);
    }
    return codes;
  };
  expect(messageShapes.map(codesOf)).toEqual([
    [53, 61, 60],
    [53, 54, 50, 61, 60],
    [53, 50, 61, 60],
    [53, 61, 60],
    [53, 54, 50, 61],
    [53, 54, 61],
  ]);
});

test("what is left out of a capture is counted", () => {
  const bytes = messageOf({});
  const whole = frameOf(bytes, 0);
  const changed = (at: number, value: number) => {
    const copy = whole.bytes.slice();
    copy[at] = value;
    return { ...whole, bytes: copy };
  };
  const { devices, leftOut } = surveyCapture([
    whole,
    changed(14 + 6, 0x20),
    { ...whole, bytes: whole.bytes.subarray(0, 100) },
    { ...whole, linkType: 105 },
    changed(42 + Offset.cookie, 0),
    changed(42 + Offset.htype, 6),
    frameOf(bytes, 0, 5000),
  ]);
  expect([...devices.values()].flat()).toHaveLength(1);
  expect(leftOut).toEqual({
    fragments: 1,
    cut: 1,
    unknownLinks: 1,
    malformed: 1,
    otherHardware: 1,
  });
});

test(`whatever a decoder accepts becomes a persona file that can be read, or none (seed ${seed})`, () => {
  const random = new Prng(seed, 0);
  const codes = [0, 12, 43, 50, 52, 54, 55, 57, 60, 61, 81, 82, 90, 97, 125, 254];
  let made = 0;
  for (let round = 0; round < 2000; round += 1) {
    const bytes = new Uint8Array(300 + random.nextBelow(1150));
    bytes.set([1, 1, 6]);
    bytes.set(mac, Offset.chaddr);
    bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1], Offset.cookie);
    let at = Offset.options + 3;
    for (let options = random.nextBelow(30); options > 0 && at < bytes.length - 30; options -= 1) {
      bytes[at] = codes[random.nextBelow(codes.length)];
      if (bytes[at] === 0) {
        at += 1;
        continue;
      }
      const length = random.nextBelow(12);
      bytes[at + 1] = length;
      for (let i = 0; i < length; i += 1) bytes[at + 2 + i] = random.nextBelow(256);
      if (random.nextBelow(4) === 0) bytes.set(mac.subarray(0, length), at + 2);
      at += 2 + length;
    }
    bytes[at] = 255;
    if (random.nextBelow(3) === 0) bytes[random.nextBelow(bytes.length)] = random.nextBelow(256);
    const survey = surveyCapture([frameOf(bytes, round)]);
    for (const conversation of survey.devices.values()) {
      try {
        const isAnonymous = random.nextBelow(2) === 0;
        const { persona } = personaOf(conversation, { name: "x", mac, isAnonymous });
        const reading = readPersonaFile("x.yaml", printPersona(persona, []));
        expect(reading).toMatchObject({ kind: "ok" });
        if (reading.kind !== "ok") continue;
        made += 1;
        const target = new Uint8Array(1472);
        const played = new CapturedTemplates(reading.persona, population);
        const length = played.write(0, "discover", fields, target);
        expect(() => decodePacket(target.subarray(0, length))).not.toThrow();
      } catch (error) {
        if (!(error instanceof NoPersona)) throw error;
      }
    }
  }
  expect(made).toBeGreaterThan(200);
});
