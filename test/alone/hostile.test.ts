import { afterAll, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodeValue, optionDefinitions } from "../../protocol/dhcp/option-table.ts";
import {
  BootOperation,
  type DhcpPacket,
  decodePacket,
  messageType,
} from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { Headend, impatient, loopback } from "../faults/headend.testing.ts";
import { endOf, rangesOf, ServerLab } from "../faults/server.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { HostileSource, hostileBytesMax } from "./hostile.testing.ts";

// Rule 5 of what must never happen: a malformed packet takes the process down, or is accepted as
// something else. Each one is counted by its reason, and a normal device does not notice.

const seed = 20_260_105;
const datagrams = 20_000;
/** Datagrams before the next normal device: few enough for the smallest receive buffer. */
const burst = 40;
const targets = 40;
const normalBefore = 100;
/** What the server's socket takes at most. */
const serverBytesMax = 4096;

const statements = `
option host-name = concat("d-", binary-to-ascii(16, 8, "-", substring(hardware, 1, 6)));
class "modems" {
  match if substring(option vendor-class-identifier, 0, 6) = "docsis";
  option bootfile-name = concat("cm/", suffix(option agent.remote-id, 3), ".cfg");
}
class "circuits" { spawn with option agent.circuit-id; lease limit 50000; }
if exists host-name { option domain-name = concat(option host-name, ".example.net"); }
elsif packet(28, 1) = 02 { option domain-name "example.net"; }
`;

const lab = new ServerLab({ name: "hostile", port: await freePorts() });
let headend: Headend | undefined;

afterAll(async () => {
  headend?.close();
  await lab.close();
});

test(`seed ${seed}: ${datagrams} hostile datagrams are counted by reason, and a normal device is served as ever`, async () => {
  const population = new Population({
    ...{ cableModems: 40_000, mtas: 0, cpes: 0, smartMeters: 0 },
    ...{ cmtsCount: 4, seed },
  });
  lab.configure(rangesOf(population), statements);
  const devices = await Headend.open({
    ...{ population, seed, port: lab.port, retry: impatient, datagramBytesMax: hostileBytesMax },
  });
  headend = devices;
  const server = await lab.start();

  /** One normal device after the other, each from DISCOVER to ACK; returns the service time. */
  let next = 0;
  const serveNormal = async (): Promise<number> => {
    const wanted = devices.completions + 1;
    devices.start(next, "discover");
    next += 1;
    await devices.playUntil(`device ${next} is served`, () => devices.completions === wanted);
    return devices.serviceMsLast;
  };
  const before: number[] = [];
  while (before.length < normalBefore) before.push(await serveNormal());

  // The devices that the datagrams are aimed at are not the ones that are watched.
  const victims = Array.from({ length: targets }, (_, index) => population.size - 1 - index);
  for (const device of victims) devices.start(device, "discover");
  const all = devices.completions + targets;
  await devices.playUntil("the targets have addresses", () => devices.completions === all);

  let replies = 0;
  devices.onReply = (packet) => {
    replies += 1;
    checkReply(packet);
  };
  const source = new HostileSource(
    new Prng(seed, 0),
    victims.map((device) => ({
      mac: population.macOf(device),
      giaddr: population.cmts(population.cmtsOf(device)).giaddr,
      address: devices.leaseOf.get(device)!.address,
    })),
  );
  const foreignSource = devices.leaseOf.get(victims[0])!.address;
  const expected = new Map<string, number>();
  const repliesBefore = devices.completions;
  const during: number[] = [];
  for (let sent = 0; sent < datagrams; sent += 1) {
    const datagram = source.next();
    const name = verdictOf(datagram);
    expected.set(name, (expected.get(name) ?? 0) + 1);
    const { giaddr } = population.cmts(sent % population.cmtsCount);
    devices.sendRaw(datagram, sent % 3 === 0 ? foreignSource : giaddr);
    if (sent % burst === burst - 1) during.push(await serveNormal());
  }
  expect(replies).toBeGreaterThan(2 * (devices.completions - repliesBefore));
  const after: number[] = [];
  while (after.length < normalBefore) after.push(await serveNormal());

  expect(server.exitCode).toBeNull();
  const usualMs = median(before);
  const times = `ms: ${usualMs} before, ${median(during)} during, ${median(after)} after`;
  expect(median(after), times).toBeLessThan(20 + 5 * usualMs);
  expect(median(during), times).toBeLessThan(50 + 20 * usualMs);

  // Nothing fell under the table: what came is what was counted, reason by reason.
  server.kill("SIGUSR1");
  await devices.playUntil("the counters are in the log", () => /^Counters: .*\n/m.test(lab.log));
  const counted = countersIn(lab.log);
  expect(counted("socket.kernelDrops")).toBe(0);
  for (const [name, count] of expected) {
    if (name.startsWith("received.")) continue;
    expect(counted(name), name).toBe(count);
  }
  const good = sumOf(expected, "received.");
  expect(sumOf(counted.all, "received.")).toBe(good + devices.sent);
  const kinds = [...counted.all.keys()].filter((name) => /^(rejected|dropped)\./.test(name));
  expect(kinds.length, `${kinds}`).toBeGreaterThanOrEqual(18);
  // Each good one was answered, or dropped for a reason, or gave a lease back without an answer.
  const gaveBack =
    sumOf(counted.all, "received.") -
    sumOf(counted.all, "replied.") -
    sumOf(counted.all, "dropped.");
  expect(gaveBack).toBeGreaterThanOrEqual(0);
  expect(gaveBack).toBeLessThanOrEqual(counted("received.release") + counted("received.decline"));

  // The devices aimed at get answers to questions that they never asked.
  const isWatched = (line: string) => !victims.some((device) => line.includes(`device ${device},`));
  expect(devices.anomalies.filter(isWatched)).toEqual([]);
  server.kill("SIGTERM");
  expect(await endOf(server), lab.log).toEqual({ status: 0, signal: null });
  // Nothing but the counters was said: a flood does not fill the log.
  expect(
    lab.log.split("\n").filter((line) => line !== "" && !line.startsWith("Counters: ")),
  ).toEqual([]);
});

/** The counter that the server has to use for these bytes. */
function verdictOf(datagram: Uint8Array): string {
  if (datagram.length > serverBytesMax) return "socket.truncated";
  try {
    return `received.${messageType(decodePacket(datagram))}`;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return `rejected.${error.code}`;
  }
}

const types = new Map(
  optionDefinitions
    .filter(({ space }) => space === "dhcp")
    .map((definition) => [definition.code, definition.type]),
);
/** What the server repeats as it came, right or wrong. */
const echoed: readonly number[] = [
  OptionCode.relayAgentInformation,
  OptionCode.clientIdentifier,
  OptionCode.subnetSelection,
];

function checkReply(packet: DhcpPacket): void {
  const type = messageType(packet);
  expect(packet.op).toBe(BootOperation.reply);
  expect([MessageType.offer, MessageType.ack, MessageType.nak]).toContain(type);
  expect(packet.options.getUInt32(OptionCode.serverIdentifier)).toBe(loopback);
  for (const code of packet.options.codes()) {
    const optionType = types.get(code);
    if (optionType === undefined || echoed.includes(code)) continue;
    decodeValue(optionType, packet.options.get(code)!);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}

function sumOf(counts: ReadonlyMap<string, number>, prefix: string): number {
  let sum = 0;
  for (const [name, count] of counts) if (name.startsWith(prefix)) sum += count;
  return sum;
}

function countersIn(log: string): ((name: string) => number) & { all: Map<string, number> } {
  const line = /^Counters: (.*)$/m.exec(log)![1];
  const all = new Map(
    line.split(" ").map((part) => {
      const [name, count] = part.split("=");
      return [name!, Number(count)];
    }),
  );
  return Object.assign((name: string) => all.get(name) ?? 0, { all });
}
