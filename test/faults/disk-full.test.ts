import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BootOperation, encodePacket } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import type { DhcpExchange } from "../../simulator/device/exchange.ts";
import { describeWithPeers } from "../interop/namespaces.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { Headend, impatient } from "./headend.testing.ts";
import { endOf, kill, rangesOf, readLeaseTable, ServerLab } from "./server.testing.ts";
import { SmallDisk } from "./small-disk.testing.ts";

// A full disk means no ACK, one clear line now and then, and service again once there is room. What
// was acknowledged before, meanwhile and after it is on the disk (LEASE-3).

const seed = 20_260_103;
const diskMegabytes = 24;
const roomBytes = 200 * 1024;
const logMsMin = 10_000;
const leases = "dhcpd.leases";
const filler = "filler";

const trouble = /^No lease is acknowledged \(\d+ requests?\): .*$/gm;
const recovery = /^Leases are written again: service goes on\.$/gm;

describeWithPeers("a disk that is full", ["unshare", "nsenter", "mount"], () => {
  let lab: ServerLab;
  let disk: SmallDisk | undefined;
  let headend: Headend | undefined;

  afterEach(async () => {
    headend?.close();
    await lab.close();
    await disk?.close();
    headend = undefined;
    disk = undefined;
  });

  test(`seed ${seed}: no ACK leaves, the log says why, and service goes on once there is room`, async () => {
    lab = new ServerLab({ name: "disk-full", port: await freePorts() });
    const population = new Population({
      ...{ cableModems: 30_000, mtas: 5000, cpes: 5000, smartMeters: 5000 },
      ...{ cmtsCount: 4, seed },
    });
    const ranges = rangesOf(population);
    // Without it a renewal is answered from what is on the disk already, full or not.
    lab.configure(ranges, "dhcp-cache-threshold 0;");
    const small = await SmallDisk.mount(`${lab.folder}/disk`, diskMegabytes);
    disk = small;
    const place = small.place(leases);
    small.create(leases);
    small.create(filler);
    small.fill(filler, roomBytes);
    const devices = await Headend.open({ population, seed, port: lab.port, retry: impatient });
    headend = devices;

    const tableNow = () => {
      small.copyTo(leases, lab.leaseFile);
      return readLeaseTable(lab.leaseFile, ranges);
    };
    const countOf = (pattern: RegExp) => lab.log.match(pattern)?.length ?? 0;
    let next = 0;
    const nextDevice = (): [number, DhcpExchange] => {
      next = (next + 1) % population.size;
      return [next, "discover"];
    };
    const load = devices.keepBusy(150, nextDevice);

    const server = await lab.start(place);
    const startedMs = systemClock.monotonicMs();
    await devices.playUntil("the log tells of the full disk", () => countOf(trouble) > 0, load);
    expect(devices.acknowledgements).toBeGreaterThan(100);
    // The last page has room for a few more leases: until there is none for a single one.
    small.fill(filler, 0);
    const offers = () => devices.repliesOf(MessageType.offer);
    const requests = () => offers() + devices.retransmissions;
    let requestsAtLastAck = 0;
    let acknowledgementsSeen = 0;
    await devices.playUntil(
      "no lease fits any more",
      () => {
        if (devices.acknowledgements !== acknowledgementsSeen) requestsAtLastAck = requests();
        acknowledgementsSeen = devices.acknowledgements;
        return requests() >= requestsAtLastAck + 150;
      },
      load,
    );

    // Full: OFFERs and NAKs need no disk, ACKs of renewals do, and the giving back is not believed.
    const before = {
      offers: offers(),
      acknowledgements: devices.repliesOf(MessageType.ack),
      naks: devices.repliesOf(MessageType.nak),
    };
    const held = [...devices.leaseOf.keys()];
    for (const device of held.slice(0, 20)) devices.start(device, "release");
    for (const device of held.slice(20, 40)) devices.start(device, "renew");
    for (let xid = 1; xid <= 10; xid += 1) askForForeignAddress(devices, xid);
    let more = population.size - 1;
    await devices.playUntil(
      "OFFERs and NAKs are sent",
      () =>
        offers() >= before.offers + 100 && devices.repliesOf(MessageType.nak) >= before.naks + 10,
      devices.keepBusy(400, () => {
        more -= 1;
        return [more, "discover"];
      }),
    );
    expect(devices.repliesOf(MessageType.ack)).toBe(before.acknowledgements);
    expect(devices.missingLeases(tableNow())).toEqual([]);
    expect(server.exitCode).toBeNull();

    // File, reason, what to do; once in ten seconds, however many batches failed.
    const told = lab.log.match(trouble)!;
    for (const line of told) {
      expect(line).toContain(place.leaseFile);
      expect(line).toContain("ENOSPC");
      expect(line).toContain("Free space on its file system");
    }
    const periods = 1 + Math.floor((systemClock.monotonicMs() - startedMs) / logMsMin);
    expect(told.length, lab.log).toBeLessThanOrEqual(periods);

    small.empty(filler);
    const wanted = devices.acknowledgements + 1000;
    // Gently now: the room has to last until the log has seen a second without a failure.
    const gently = devices.keepBusy(10, nextDevice);
    await devices.playUntil("it serves again", () => devices.acknowledgements >= wanted, gently);
    await devices.playUntil("the log says so", () => countOf(recovery) > 0, gently);
    expect(countOf(recovery), lab.log).toBeLessThanOrEqual(periods);

    await kill(server);
    devices.drain();
    expect(devices.missingLeases(tableNow())).toEqual([]);
    const again = await lab.start(place);
    const confirmed = devices.completions + 500;
    const bound = [...devices.leaseOf.keys()].slice(0, 500);
    await devices.playUntil(
      "the restarted server confirms what it acknowledged",
      () => devices.completions >= confirmed,
      devices.keepBusy(100, () => [bound.pop() ?? 0, "reboot"]),
    );
    expect(devices.anomalies).toEqual([]);
    expect(devices.judge().counters.doubleAllocations).toBe(0);
    again.kill("SIGTERM");
    expect(await endOf(again), lab.log).toEqual({ status: 0, signal: null });
    expect(small.names()).toEqual([leases, `${leases}.lock`, filler]);
  });
});

/** A stranger who reboots with an address of another network: a NAK, which promises nothing. */
function askForForeignAddress(devices: Headend, xid: number): void {
  const [here, elsewhere] = [devices.population.cmts(0), devices.population.cmts(1)];
  const target = new Uint8Array(300);
  const requested = new Uint8Array(4);
  new DataView(requested.buffer).setUint32(0, elsewhere.pools[0].low);
  const length = encodePacket(
    {
      ...{ op: BootOperation.request, htype: 1, hops: 1, xid, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: here.giaddr },
      chaddr: Uint8Array.of(2, 0, 0, 0, 1, xid),
      sname: new Uint8Array(0),
      file: new Uint8Array(0),
      options: [
        { code: OptionCode.messageType, value: Uint8Array.of(MessageType.request) },
        { code: OptionCode.requestedAddress, value: requested },
      ],
    },
    target,
    0,
  );
  devices.sendRaw(target.subarray(0, length), here.giaddr);
}
