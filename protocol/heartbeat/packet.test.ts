import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError } from "../encode-error.ts";
import {
  decodeHeartbeat,
  encodeHeartbeat,
  HEARTBEAT_BYTES_MAX,
  type Heartbeat,
  type HeartbeatSigner,
  heartbeatRefusals,
  NODE_NAME_BYTES_MAX,
  nodeRoles,
} from "./packet.ts";

const signer =
  (key: string): HeartbeatSigner =>
  (bytes) =>
    createHmac("sha256", key).update(bytes).digest();
const sign = signer("prov");

const sample: Heartbeat = {
  node: "prov01.example",
  bootId: "00000000deadbeef",
  sequence: 7,
  link: 1,
  role: "active",
  epoch: 3,
  revision: 123_456,
  flags: {
    failureInProgress: true,
    isInSync: true,
    isAble: false,
    gatewayAnswers: true,
    dataPlaneTurns: true,
    storeWrites: true,
    isLeaving: false,
    diskWorks: true,
    filesInStep: true,
  },
  sentAtMs: 1234.5,
  wallMs: 1_800_000_000_000.5,
  leaseMs: 1_799_999_999_000.25,
  echo: { bootId: "0123456789abcdef", sequence: 9, sentAtMs: 99.25, heldMs: 40 },
};

const bootIds = fc
  .bigInt({ min: 1n, max: 2n ** 64n - 1n })
  .map((id) => id.toString(16).padStart(16, "0"));
const counts = fc.maxSafeNat();
const words = fc.nat(0xffff_ffff);
const times = fc.double({ min: 0, max: 1e15, noNaN: true }).map((ms) => ms + 0);
const heartbeats: fc.Arbitrary<Heartbeat> = fc.record({
  node: fc.stringMatching(/^[\x21-\x7e]{1,64}$/),
  bootId: bootIds,
  sequence: counts,
  link: fc.nat(255),
  role: fc.constantFrom(...nodeRoles),
  epoch: counts,
  revision: counts,
  flags: fc.record({
    failureInProgress: fc.boolean(),
    isInSync: fc.boolean(),
    isAble: fc.boolean(),
    gatewayAnswers: fc.boolean(),
    dataPlaneTurns: fc.boolean(),
    storeWrites: fc.boolean(),
    isLeaving: fc.boolean(),
    diskWorks: fc.boolean(),
    filesInStep: fc.boolean(),
  }),
  sentAtMs: times,
  wallMs: times,
  leaseMs: times,
  echo: fc.option(
    fc.record({ bootId: bootIds, sequence: counts, sentAtMs: times, heldMs: times }),
    { nil: undefined },
  ),
  catchUp: fc.option(
    fc.record({ leasesRead: words, leasesInAll: words, filesFetched: words, filesInAll: words }),
    { nil: undefined },
  ),
});

test("the layout: every field where the description has it", () => {
  const bytes = encodeHeartbeat(sample, sign);
  const view = new DataView(bytes.buffer);
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe("PVHB");
  expect([...bytes.subarray(4, 6)]).toEqual([1, 3]);
  expect(view.getUint16(6)).toBe(0b1_1011_1011);
  expect(view.getBigUint64(8)).toBe(0xdead_beefn);
  expect([16, 24, 32].map((at) => Number(view.getBigUint64(at)))).toEqual([7, 3, 123_456]);
  expect(view.getFloat64(40)).toBe(1234.5);
  expect(view.getBigUint64(48)).toBe(0x0123_4567_89ab_cdefn);
  expect(view.getBigUint64(56)).toBe(9n);
  expect([view.getFloat64(64), view.getFloat64(72)]).toEqual([99.25, 40]);
  expect([80, 88].map((at) => view.getFloat64(at))).toEqual([sample.wallMs, sample.leaseMs]);
  expect([...bytes.subarray(96, 98)]).toEqual([1, 14]);
  expect(new TextDecoder().decode(bytes.subarray(98, 112))).toBe("prov01.example");
  expect(bytes.subarray(112)).toEqual(new Uint8Array(sign(bytes.subarray(0, 112))));
});

test("what is bulky stands behind the name, while it is under way", () => {
  const catchUp = { leasesRead: 12_288, leasesInAll: 80_000, filesFetched: 0, filesInAll: 0 };
  const bytes = encodeHeartbeat({ ...sample, catchUp }, sign);
  const view = new DataView(bytes.buffer);
  expect([112, 116, 120, 124].map((at) => view.getUint32(at))).toEqual([12_288, 80_000, 0, 0]);
  expect(bytes.subarray(128)).toEqual(new Uint8Array(sign(bytes.subarray(0, 128))));
});

test("what is encoded is what is decoded", () => {
  fc.assert(
    fc.property(heartbeats, (heartbeat) => {
      const bytes = encodeHeartbeat(heartbeat, sign);
      expect(bytes.length).toBeLessThanOrEqual(HEARTBEAT_BYTES_MAX);
      expect(decodeHeartbeat(bytes, sign)).toEqual(heartbeat);
    }),
  );
});

describe("HA-29: who has not the key is not heard", () => {
  test("another key", () => {
    expect(decodeHeartbeat(encodeHeartbeat(sample, signer("prow")), sign)).toBe("authentication");
  });

  test("any changed bit", () => {
    const bytes = encodeHeartbeat(sample, sign);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = bytes.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      expect(heartbeatRefusals).toContain(decodeHeartbeat(changed, sign));
    }
  });

  test("any prefix, and anything behind", () => {
    const bytes = encodeHeartbeat(sample, sign);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(heartbeatRefusals).toContain(decodeHeartbeat(bytes.subarray(0, end), sign));
    }
    expect(decodeHeartbeat(Uint8Array.of(...bytes, 0), sign)).toBe("format");
  });
});

test("any bytes are a heartbeat or a refusal, signed or not", () => {
  const bodies = fc.uint8Array({ maxLength: 200 });
  const headers = fc.constantFrom(new Uint8Array(0), encodeHeartbeat(sample, sign).subarray(0, 8));
  fc.assert(
    fc.property(headers, bodies, fc.boolean(), (header, body, isSigned) => {
      const bytes = Uint8Array.of(...header, ...body);
      if (bytes.length > 97) bytes[97] = Math.max(0, bytes.length - 98);
      const whole = isSigned ? Uint8Array.of(...bytes, ...sign(bytes)) : bytes;
      const result = decodeHeartbeat(whole, sign);
      if (typeof result === "string") expect(heartbeatRefusals).toContain(result);
      else expect(encodeHeartbeat(result, sign)).toEqual(whole);
    }),
    { numRuns: 2000 },
  );
});

test.each<readonly [string, number, number]>([
  ["a role that there is not", 5, 6],
  ["a flag that there is not", 6, 0x02],
  ["a count beyond 2^53", 16, 0xff],
  ["a negative time", 40, 0xbf],
  ["a negative time in the echo", 72, 0xbf],
  ["a blank in the name", 98, 0x20],
])("signed, but with %s", (_, at, value) => {
  const bytes = encodeHeartbeat(sample, sign);
  bytes[at] = value;
  const end = bytes.length - 32;
  bytes.set(sign(bytes.subarray(0, end)), end);
  expect(decodeHeartbeat(bytes, sign)).toBe("value");
});

test.each<readonly [string, Partial<Heartbeat>]>([
  ["no name", { node: "" }],
  ["a long name", { node: "x".repeat(NODE_NAME_BYTES_MAX + 1) }],
  ["a boot id of another length", { bootId: "12" }],
  ["the boot id that says none", { bootId: "0000000000000000" }],
  ["a link beyond a byte", { link: 256 }],
  ["a fraction", { sequence: 1.5 }],
  ["a negative time", { sentAtMs: -1 }],
  [
    "a count of leases beyond 2^32",
    { catchUp: { leasesRead: 2 ** 32, leasesInAll: 1, filesFetched: 0, filesInAll: 0 } },
  ],
])("%s cannot be sent", (_, change) => {
  expect(() => encodeHeartbeat({ ...sample, ...change }, sign)).toThrow(EncodeError);
});
