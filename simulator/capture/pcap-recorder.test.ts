import { expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { datagramOf } from "../../protocol/pcap/captured-datagram.ts";
import { mergeSections } from "../../protocol/pcap/merge-sections.ts";
import { joined } from "../../protocol/pcap/pcap.testing.ts";
import { readCapture } from "../../protocol/pcap/read-capture.ts";
import { Population } from "../../scenarios/population/population.ts";
import { MessageTemplates } from "../device/message/message-templates.ts";
import { type CaptureFilter, PcapRecorder, type SeenDatagram } from "./pcap-recorder.ts";

const population = new Population({
  cableModems: 10,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 2,
});
const templates = new MessageTemplates(population);
const SERVER = 0x7f00_0001;
const UNIX_MS = 1_700_000_000_000;

function messageOf(device: number, shape: "discover" | "decline" = "discover") {
  const bytes = new Uint8Array(1472);
  const fields = { xid: device, secs: 0, ciaddr: 0, requested: 1, server: SERVER };
  return bytes.slice(0, templates.write(device, shape, fields, bytes));
}

function sent(device: number, atMs: number, payload = messageOf(device)): SeenDatagram {
  const { giaddr } = population.cmts(population.cmtsOf(device));
  return {
    ...{ service: "dhcp", isSent: true, atMs, source: giaddr, sourcePort: 67 },
    ...{ destination: SERVER, destinationPort: 67, payload },
  };
}

class Section {
  readonly pieces: Uint8Array[] = [];
  readonly recorder: PcapRecorder;

  constructor(filter?: CaptureFilter, bytesMax = 1_000_000, transmission = 1) {
    this.recorder = new PcapRecorder({
      ...{ population, filter, bytesMax, unixMsAtZero: UNIX_MS },
      write: (bytes) => this.pieces.push(bytes.slice()),
    });
    this.recorder.attach({
      owns: (device) => device !== 3,
      stateOf: () => "selecting",
      transmissionOf: () => transmission,
    });
  }

  end(): Uint8Array {
    this.recorder.finish(9000);
    return joined(...this.pieces);
  }
}

const devicesIn = (file: Uint8Array) =>
  [...readCapture(file)].map((frame) => {
    const content = datagramOf(frame);
    return content.kind === "datagram"
      ? population.deviceOfMac(decodePacket(content.payload).chaddr)
      : -1;
  });
const textOf = (file: Uint8Array) => Buffer.from(file).toString("latin1");

test("each packet with its time, its CMTS, and who sent it in which state (OPS-19)", () => {
  const section = new Section();
  const seen = sent(1, 5.000_001);
  section.recorder.record(seen);
  section.recorder.record(sent(3, 6));
  const file = section.end();
  const [first, second] = [...readCapture(file)];
  expect(datagramOf(first!)).toMatchObject({
    kind: "datagram",
    ...{ source: seen.source, destination: SERVER, sourcePort: 67, destinationPort: 67 },
    payload: new Uint8Array(seen.payload),
  });
  expect(first!.atMs).toBeCloseTo(UNIX_MS + 5, 2);
  // The interface of the packet block is that of CMTS 1.
  expect(new DataView(file.buffer).getUint32(first!.offset + 8, true)).toBe(1);
  expect(second!.atMs).toBeCloseTo(UNIX_MS + 6, 2);
  expect(textOf(file)).toContain("device 1 (cable-modem), CMTS 1, SELECTING");
  // Another worker plays it: its state is not known here.
  expect(textOf(file)).toMatch(/device 3 \(cable-modem\), CMTS 1(?!,)/);
});

test.each<[CaptureFilter, number[]]>([
  [{ kind: "device", device: 4 }, [4]],
  [{ kind: "cmts", cmts: 0 }, [0, 2, 4, 6, 8]],
  [{ kind: "errors" }, [5]],
])("only what is wanted: %o", (filter, devices) => {
  const section = new Section(filter);
  for (let device = 0; device < 10; device += 1) {
    section.recorder.record(
      sent(device, device, messageOf(device, device === 5 ? "decline" : "discover")),
    );
  }
  expect(devicesIn(section.end())).toEqual(devices);
});

test("errors: repeated messages, NAKs, and what is no DHCP", () => {
  const repeated = new Section({ kind: "errors" }, 1_000_000, 2);
  repeated.recorder.record(sent(1, 1));
  expect(textOf(repeated.end())).toContain("SELECTING, transmission 2");
  const section = new Section({ kind: "errors" });
  const nak = messageOf(2);
  nak[0] = 2;
  nak[242] = MessageType.nak;
  section.recorder.record({ ...sent(2, 1, nak), isSent: false });
  section.recorder.record({ ...sent(2, 2, Uint8Array.of(1, 2, 3)), isSent: false });
  section.recorder.record({ ...sent(2, 3, Uint8Array.of(0, 5, 0, 1)), service: "tftp" });
  section.recorder.record({ ...sent(2, 4, Uint8Array.of(0, 3, 0, 1)), service: "tftp" });
  section.recorder.record({ ...sent(2, 5, Uint8Array.of(0, 5, 0, 1)), service: "syslog" });
  expect([...readCapture(section.end())]).toHaveLength(3);
});

test("a device is known by its address once that is acknowledged", () => {
  const section = new Section({ kind: "device", device: 7 });
  const address = population.cmts(1).pools[0].low;
  const ack = messageOf(7);
  ack.set([2], 0);
  ack.set([MessageType.ack], 242);
  new DataView(ack.buffer).setUint32(16, address);
  const request = { ...sent(7, 2, Uint8Array.of(0, 1)), service: "tftp", source: address } as const;
  section.recorder.record(request);
  section.recorder.record({ ...sent(7, 1, ack), isSent: false });
  section.recorder.record(request);
  expect([...readCapture(section.end())]).toHaveLength(2);
});

test("never larger than told, and what did not fit is counted", () => {
  const bytesMax = 3000;
  const section = new Section(undefined, bytesMax);
  for (let i = 0; i < 100; i += 1) section.recorder.record(sent(1, i));
  // Once it is full nothing goes in, be it ever so short.
  section.recorder.record(sent(1, 100, Uint8Array.of(1)));
  const size = section.pieces.reduce((sum, { length }) => sum + length, 0);
  expect(size).toBeLessThanOrEqual(bytesMax);
  const { wanted, written } = mergeSections([section.end()]);
  expect(wanted).toBe(101);
  expect(written).toBeGreaterThan(3);
  expect(written).toBeLessThan(10);
});

test("sections become one, in the order of time; one that was cut counts as far as it goes", () => {
  const [first, second, third] = [new Section(), new Section(), new Section()];
  for (const atMs of [1, 4, 7]) first!.recorder.record(sent(0, atMs));
  for (const atMs of [2, 3, 8]) second!.recorder.record(sent(1, atMs));
  for (const atMs of [5, 6]) third!.recorder.record(sent(2, atMs));
  const cut = third!.end();
  const parts = [first!.end(), second!.end(), cut.subarray(0, cut.length - 100)];
  const { pieces, wanted, written } = mergeSections(parts);
  expect({ wanted, written }).toEqual({ wanted: 7, written: 7 });
  expect(devicesIn(joined(...pieces))).toEqual([0, 1, 1, 0, 2, 0, 1]);
  expect(mergeSections([]).written).toBe(0);
});
