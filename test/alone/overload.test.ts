import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { encodePacket } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { type RetryPolicy, rfc2131Retry } from "../../simulator/device/retry-policy.ts";
import { Headend, impatient } from "../faults/headend.testing.ts";
import { endOf, rangesOf, ServerLab } from "../faults/server.testing.ts";

// More than a server can do: the devices that it knows do not notice, and what it does for the others
// stays near what it can do. The server is made slow by its configuration, so that one test process is
// more than enough, and all that is asserted are counts and ratios.

const seed = 20_261_126;
/** Work for every packet that comes to nothing. */
const slowness = Array.from(
  { length: 40 },
  (_, index) =>
    `class "slow-${index}" { match if binary-to-ascii(16, 8, ":", concat(hardware, reverse(1, hardware))) ~= "no-${index}"; }`,
).join("\n");

/** Devices that ask once, as far as a test can see: each exchange has one chance. */
const patient: RetryPolicy = { ...rfc2131Retry, firstDelayMs: 20_000, jitterMs: 0 };
/** A device that is not answered at once tells by asking again. */
const alert: RetryPolicy = { ...impatient, firstDelayMs: 1500, maxDelayMs: 1500 };

/** Datagrams of a flood in one go: others want to send as well. */
const burstMax = 500;

const cleanUps: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Site {
  readonly lab: ServerLab;
  readonly server: ChildProcess;
  readonly devices: Headend;
}

async function openSite(
  name: string,
  port: number,
  cableModems: number,
  retry: RetryPolicy,
): Promise<Site> {
  const lab = new ServerLab({ name, port });
  cleanUps.push(() => lab.close());
  const population = new Population({
    ...{ cableModems, mtas: 0, cpes: 0, smartMeters: 0 },
    ...{ cmtsCount: 4, seed },
  });
  lab.configure(rangesOf(population), slowness);
  const devices = await Headend.open({ population, seed, port, retry });
  cleanUps.push(() => devices.close());
  return { lab, server: await lab.start(), devices };
}

/** What the server counted so far; the lines of its log since then are other lines. */
async function countersOf({ lab, server, devices }: Site): Promise<(name: string) => number> {
  const before = lab.log.length;
  server.kill("SIGUSR1");
  const told = (): RegExpExecArray | null => /^Counters: (.*)\n/m.exec(lab.log.slice(before));
  await devices.playUntil("the counters are in the log", () => told() !== null);
  const counts = new Map(
    told()![1]
      .split(" ")
      .map((part) => {
        const [name, count] = part.split("=");
        return [name!, Number(count)];
      }),
  );
  return (name) => counts.get(name) ?? 0;
}

/** Exchanges that were completed within a second. */
interface Goodput {
  readonly perSecond: number;
  /** For each second of the server's processor time: on a busy machine it tells how much was of use. */
  readonly perSecondOfWork: number;
}

async function goodputOf(
  { devices, server }: Site,
  milliseconds: number,
  begin: (nowMs: number) => void,
): Promise<Goodput> {
  const startMs = systemClock.monotonicMs();
  const [completions, busyMs] = [devices.promptCompletions, processorMsOf(server)];
  await devices.play((nowMs) => nowMs - startMs >= milliseconds, begin);
  const completed = devices.promptCompletions - completions;
  return {
    perSecond: (completed * 1000) / (systemClock.monotonicMs() - startMs),
    perSecondOfWork: (completed * 1000) / (processorMsOf(server) - busyMs),
  };
}

/** utime and stime of proc(5), in ticks of 10 ms. */
function processorMsOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Sends DISCOVERs of clients that nobody knows, each with a MAC of its own, at a rate. */
function flood(devices: Headend, perSecond: number): { sent: number; send(nowMs: number): void } {
  const random = new Prng(seed, 1);
  const startMs = systemClock.monotonicMs();
  const bytes = new Uint8Array(300);
  return {
    sent: 0,
    send(nowMs) {
      const all = Math.floor(((nowMs - startMs) * perSecond) / 1000);
      const due = Math.min(all, this.sent + burstMax);
      for (; this.sent < due; this.sent += 1) {
        const { giaddr } = devices.population.cmts(this.sent % devices.population.cmtsCount);
        encodeDiscover(bytes, random.nextUInt32(), giaddr);
        devices.sendRaw(bytes, giaddr);
      }
    },
  };
}

function encodeDiscover(bytes: Uint8Array, number: number, giaddr: number): void {
  const chaddr = Uint8Array.of(6, 0, number >>> 24, number >>> 16, number >>> 8, number);
  encodePacket(
    {
      ...{ op: 1, htype: 1, hops: 1, xid: number, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr, chaddr },
      ...{ sname: new Uint8Array(0), file: new Uint8Array(0) },
      options: [{ code: OptionCode.messageType, value: Uint8Array.of(MessageType.discover) }],
    },
    bytes,
    0,
  );
}

test(`seed ${seed}: renewals are answered beside a flood of unknown clients far above capacity`, async () => {
  const site = await openSite("flood", 21_667, 40_000, alert);
  const { devices, lab, server } = site;
  const known = 600;
  const next = { device: 0 };
  const begin = devices.keepBusy(32, () => {
    next.device += 1;
    return [next.device - 1, "discover"];
  });
  await devices.playUntil(
    "devices are known",
    () => devices.leaseOf.size >= known,
    () => {
      if (next.device < known) begin();
    },
  );
  await devices.playUntil("nobody waits", () => devices.underWay === 0);
  const quiet = await countersOf(site);
  for (const reason of ["stale", "unknown", "unknown-request", "known-discover"]) {
    expect(quiet(`dropped.overload-${reason}`)).toBe(0);
  }

  const strangers = flood(devices, 25_000);
  const startMs = systemClock.monotonicMs();
  const [completions, retransmissions] = [devices.completions, devices.retransmissions];
  let renewals = 0;
  await devices.play(
    (nowMs) => nowMs - startMs >= 6000,
    (nowMs) => {
      strangers.send(nowMs);
      const due = Math.floor((nowMs - startMs) / 10);
      for (; renewals < due && renewals < known; renewals += 1) {
        expect(devices.start(renewals, "renew")).toBe(true);
      }
    },
  );
  await devices.playUntil("every renewal is over", () => devices.underWay === 0);
  expect(devices.completions - completions).toBe(renewals);
  expect(renewals).toBeGreaterThan(known / 4);
  const repeated = devices.retransmissions - retransmissions;
  expect(repeated / renewals, `${repeated} of ${renewals} asked twice`).toBeLessThan(0.3);

  const counted = await countersOf(site);
  expect(counted("dropped.overload-unknown")).toBeGreaterThan(strangers.sent / 4);
  expect(counted("dropped.overload-known-discover")).toBe(0);
  await devices.playUntil("the log says that it is over", () =>
    /^The overload is over/m.test(lab.log),
  );
  expect(lab.log).toMatch(/^Overload: requests are dropped/m);

  // A stranger is welcome again.
  devices.start(next.device, "discover");
  await devices.playUntil("a new device is served", () => devices.underWay === 0);
  expect(devices.leaseOf.has(next.device)).toBe(true);
  expect(devices.judge().violations).toEqual([]);
  server.kill("SIGTERM");
  expect(await endOf(server), lab.log).toEqual({ status: 0, signal: null });
});

test(`seed ${seed}: goodput stays near the peak when ten times as much is offered`, async () => {
  const site = await openSite("goodput", 21_669, 200_000, patient);
  const { devices, lab, server } = site;
  const next = { device: 0 };
  const inTurn = devices.keepBusy(32, () => {
    next.device += 1;
    return [next.device - 1, "discover"];
  });
  // The first ones are for the compiler.
  await goodputOf(site, 1000, inTurn);
  const peak = await goodputOf(site, 3000, inTurn);
  // Ten times what it can do, but no more than this test can send.
  const offered = Math.min(10 * peak.perSecond, 30_000);
  const arrivals = devices.arrivals(offered, next);
  // Until the receive buffer would be full.
  await goodputOf(site, 3000, arrivals);
  const goodput = await goodputOf(site, 4000, arrivals);
  const counted = await countersOf(site);
  expect(counted("dropped.overload-unknown")).toBeGreaterThan(0);
  const told = JSON.stringify({ peak, offered, goodput });
  expect(goodput.perSecondOfWork / peak.perSecondOfWork, told).toBeGreaterThan(0.5);
  expect(devices.judge().violations).toEqual([]);
  server.kill("SIGTERM");
  expect(await endOf(server), lab.log).toEqual({ status: 0, signal: null });
});
