import { describe, expect, test } from "vitest";
import {
  decodeNtp,
  encodeNtp,
  kissCode,
  type NtpPacket,
  ntpDifferenceMs,
  unixMsOfNtp,
} from "../../protocol/ntp/packet.ts";
import { clockPolicyDefault, clockStateOf } from "./clock-state.ts";
import { ntpRateKiss, ntpRefusal, ntpReply } from "./ntp-reply.ts";

const nowMs = 1_800_000_000_250;
const state = clockStateOf(undefined, clockPolicyDefault, nowMs - 500, -20);

/** What SNTP clients send: one byte and zeros. */
function request(extra: Partial<NtpPacket> = {}): NtpPacket {
  const bytes = new Uint8Array(48);
  bytes[0] = 0x23;
  return { ...decodeNtp(bytes), ...extra };
}

function overTheWire(packet: NtpPacket): NtpPacket {
  const bytes = new Uint8Array(48);
  expect(encodeNtp(packet, bytes, 0)).toBe(48);
  return decodeNtp(bytes);
}

describe("a reply", () => {
  test("echoes the transmit timestamp bit for bit, the version and the poll", () => {
    const transmit = { seconds: 0xdead_beef, fraction: 0xffff_ffff };
    for (const version of [1, 2, 3, 4]) {
      const asked = request({ version, transmit, poll: -6, stratum: 9, referenceId: 5 });
      const reply = overTheWire(ntpReply(asked, state, nowMs, nowMs + 1));
      expect(reply).toMatchObject({ version, mode: 4, poll: -6, originate: transmit });
      expect(reply).toMatchObject({ leap: 0, stratum: 10, precision: -20 });
    }
  });

  test("an all-zero transmit timestamp is echoed as it is", () => {
    const reply = ntpReply(request(), state, nowMs, nowMs);
    expect(reply.originate).toEqual({ seconds: 0, fraction: 0 });
    expect(unixMsOfNtp(reply.transmit)).toBeCloseTo(nowMs, 3);
  });

  test("has its times in order, whatever the clock did meanwhile", () => {
    for (const [receivedMs, sentMs] of [
      [nowMs, nowMs + 3],
      [nowMs + 3, nowMs],
      [nowMs, nowMs - 10_000],
    ] as const) {
      const { reference, receive, transmit } = ntpReply(request(), state, receivedMs, sentMs);
      expect(ntpDifferenceMs(transmit, receive)).toBeGreaterThanOrEqual(0);
      expect(ntpDifferenceMs(transmit, reference)).toBeGreaterThanOrEqual(0);
    }
  });

  test("goes on in the era that begins in 2036", () => {
    const afterMs = Date.parse("2036-02-07T06:28:17Z");
    const reply = overTheWire(ntpReply(request(), state, afterMs, afterMs));
    expect(reply.transmit.seconds).toBe(1);
    expect(unixMsOfNtp(reply.transmit)).toBe(afterMs);
  });

  test("to symmetric active mode is symmetric passive", () => {
    expect(ntpReply(request({ mode: 1 }), state, nowMs, nowMs).mode).toBe(2);
  });
});

test("the kiss RATE is one to a client: stratum 0, its timestamp back, a longer poll", () => {
  const transmit = { seconds: 1, fraction: 2 };
  const kiss = overTheWire(ntpRateKiss(request({ transmit, poll: 4 }), state, nowMs));
  expect(kissCode(kiss)).toBe("RATE");
  expect(kiss).toMatchObject({ leap: 3, stratum: 0, poll: 6, originate: transmit, mode: 4 });
  expect(ntpRateKiss(request({ poll: 10 }), state, nowMs).poll).toBe(10);
});

describe("what gets no reply", () => {
  test.each([0, 2, 4, 5, 6, 7])("mode %i", (mode) => {
    expect(ntpRefusal(request({ mode }), 123)).toBe("mode-not-served");
  });

  test.each([0, 5, 7])("version %i", (version) => {
    expect(ntpRefusal(request({ version }), 123)).toBe("version");
  });

  test("a source port that cannot be answered", () => {
    expect(ntpRefusal(request(), 0)).toBe("no-source-port");
  });

  test("our own replies, so that two servers never talk in circles", () => {
    for (const mode of [1, 3]) {
      const asked = request({ mode });
      expect(ntpRefusal(asked, 123)).toBeUndefined();
      expect(ntpRefusal(ntpReply(asked, state, nowMs, nowMs), 123)).toBe("mode-not-served");
      expect(ntpRefusal(ntpRateKiss(asked, state, nowMs), 123)).toBe("mode-not-served");
    }
  });
});
