import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CONTENT_BYTES_MAX, TRACE_FIRST_LINE, type TraceRecord } from "../trace-format.ts";
import { TraceRecorder } from "../trace-recorder.ts";
import { createTraceFile, readTrace } from "./trace-file.ts";

const folder = mkdtempSync(join(tmpdir(), "provlab-trace-file-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);

function recorder(name: string, bytesMax = 1 << 26): TraceRecorder {
  return new TraceRecorder({ sink: createTraceFile(file(name)), bytesMax });
}

const packet = {
  arrivedMs: 12.5,
  sourceAddress: 0xffff_fffe,
  sourcePort: 67,
  destinationAddress: 0x0a00_0001,
  interfaceIndex: 7,
  bytes: Uint8Array.of(1, 2, 3),
};

test("what is recorded is what is read", () => {
  const recording = recorder("whole");
  recording.file("configuration", "/etc/dhcp/ä.conf");
  recording.content(new Uint8Array(2 * CONTENT_BYTES_MAX + 5).fill(9));
  recording.packet(packet);
  recording.decision("respond", 1, { kind: "drop", reason: "unknown-client" }, 5, 6.5, 7);
  recording.turn();
  recording.expiry(17);
  recording.commit("");
  recording.commit("ENOSPC");
  const hardware = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const way = { destination: 1, port: 68, source: undefined, interfaceIndex: undefined };
  recording.reply(1, way, Uint8Array.of(4, 5));
  recording.reply(1, { ...way, hardware, source: 3, interfaceIndex: 4 }, Uint8Array.of(6));
  recording.hostName("a.example", [1, 0xffff_ffff]);
  recording.hostName("b.example", undefined);
  recording.addressName(0xffff_fffe, "ä.example");
  recording.addressName(2, undefined);
  recording.end("stopped");
  const records = [...readTrace(file("whole"))];
  const pieces = records.filter((record) => record.kind === "piece");
  expect(pieces.map(({ bytes }) => bytes.length)).toEqual([
    CONTENT_BYTES_MAX,
    CONTENT_BYTES_MAX,
    5,
  ]);
  expect(pieces.every(({ bytes }) => bytes.every((byte) => byte === 9))).toBe(true);
  const plain = { destination: 1, port: 68, source: 0, interfaceIndex: 0 };
  expect(records.filter((record) => record.kind !== "piece")).toEqual<TraceRecord[]>([
    { kind: "file", of: "configuration", path: "/etc/dhcp/ä.conf" },
    { kind: "turn" },
    { kind: "packet", packet },
    {
      kind: "decision",
      packet: 1,
      call: "respond",
      verdict: "drop",
      reason: "unknown-client",
      nowSeconds: 5,
      nowMs: 6.5,
      interfaceIndex: 7,
    },
    { kind: "turn" },
    { kind: "expiry", nowSeconds: 17 },
    { kind: "commit", code: "" },
    { kind: "commit", code: "ENOSPC" },
    {
      kind: "reply",
      packet: 1,
      reply: { ...plain, hardware: undefined, bytes: Uint8Array.of(4, 5) },
    },
    {
      kind: "reply",
      packet: 1,
      reply: { ...plain, hardware, source: 3, interfaceIndex: 4, bytes: Uint8Array.of(6) },
    },
    { kind: "host-name", name: "a.example", addresses: [1, 0xffff_ffff] },
    { kind: "host-name", name: "b.example", addresses: undefined },
    { kind: "address-name", address: 0xffff_fffe, name: "ä.example" },
    { kind: "address-name", address: 2, name: undefined },
    { kind: "end", reason: "stopped" },
  ]);
});

test("a trace is its owner's alone, and an older one is kept beside it", () => {
  recorder("kept").end("stopped");
  const first = readFileSync(file("kept"));
  const second = recorder("kept");
  second.packet(packet);
  second.end("stopped");
  expect(readFileSync(file("kept~"))).toEqual(first);
  expect(readFileSync(file("kept")).length).toBeGreaterThan(first.length);
  expect(statSync(file("kept")).mode & 0o777).toBe(0o600);
});

test("a file that is no trace is never overwritten", () => {
  writeFileSync(file("dhcpd.leases"), "lease 10.0.0.1 { }\n");
  expect(() => createTraceFile(file("dhcpd.leases"))).toThrow(/exists and is no trace file/);
  expect(readFileSync(file("dhcpd.leases"), "latin1")).toBe("lease 10.0.0.1 { }\n");
  expect(existsSync(file("dhcpd.leases~"))).toBe(false);
  expect(() => createTraceFile("/dev/null")).toThrow(/exists and is no trace file/);
  expect(() => createTraceFile(file("no/where"))).toThrow(/No such file or directory/);
});

test("what cannot be read says where and why", () => {
  expect(() => [...readTrace(file("missing"))]).toThrow(/Can't open .*missing: No such file/);
  writeFileSync(file("text"), "hello\n");
  expect(() => [...readTrace(file("text"))]).toThrow(/no trace file of format 1/);
  writeFileSync(file("later"), TRACE_FIRST_LINE.replace("1", "2"));
  expect(() => [...readTrace(file("later"))]).toThrow(/no trace file of format 1/);
  const records = (bytes: readonly number[]): (() => TraceRecord[]) => {
    writeFileSync(
      file("damaged"),
      Buffer.concat([Buffer.from(TRACE_FIRST_LINE), Uint8Array.from(bytes)]),
    );
    return () => [...readTrace(file("damaged"))];
  };
  expect(records([0x21, 0, 0, 0, 0])).toThrow(
    /damaged at byte 21: a record of the unknown type 33/,
  );
  expect(records([0x50, 0, 0, 0, 2, 1, 1])).toThrow(/too short or damaged/);
  expect(records([0x53, 0, 0, 0, 2, 0x7b, 0x7d])).toThrow(/a setup that lacks/);
  // JSON that is no object.
  expect(records([0x53, 0, 0, 0, 1, 0x37])).toThrow(/a setup that lacks/);
  expect(records([0x53, 0, 0, 0, 4, 0x6e, 0x75, 0x6c, 0x6c])).toThrow(/a setup that lacks/);
  expect(records([0x5a, 0, 0, 0, 1, 200])).toThrow(/damaged/);
  expect(records([0x50, 0xff, 0, 0, 0])).toThrow(/a record of 4278190080 bytes/);
  expect(records([0x54, 0, 0, 0, 0, 0x50, 0, 0])()).toEqual([{ kind: "turn" }]);
});
