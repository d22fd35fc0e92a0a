import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.testing.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { type LeaseWish, wishedSeconds } from "../../scenarios/population/lease-wish.ts";
import { Population } from "../../scenarios/population/population.ts";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { parseConfig } from "../../server/config/grammar/parse.ts";
import { RecordingSink } from "../../simulator/device/exchange.testing.ts";
import { Fleet } from "../../simulator/worker/fleet.ts";
import { SERVER_ADDRESS, SERVER_PORT } from "./plan.ts";
import { VirtualServer } from "./virtual-server.ts";

const seed = 5;
const DEVICES = 60;
const wish = { min: 300, max: 3600 };
const TIME_MS = 10_000;

/** The lease times that the devices are given at a discover, by device; `limits` are the server's own. */
function grantedBy(leaseSeconds: LeaseWish | undefined, limits?: readonly string[]): number[] {
  const population = new Population({
    ...{ cableModems: DEVICES - 20, mtas: 10, cpes: 5, smartMeters: 5, cmtsCount: 2, seed },
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
  });
  let text = dhcpdConf(population, { leaseSeconds: 1200, localAddress: SERVER_ADDRESS });
  for (const limit of limits ?? []) {
    text = text.replace(new RegExp(`^${limit.split(" ")[0]} .*$`, "m"), `${limit};`);
  }
  const parsed = parseConfig("lease-times", () => text);
  if (parsed.kind !== "ok") throw new Error(parsed.diagnostics[0]?.message);
  const clock = new VirtualClock(1_795_478_400_250);
  const sink = new RecordingSink();
  const servers = [{ address: SERVER_ADDRESS, port: SERVER_PORT }];
  const fleet = new Fleet({ population, seed, servers, startMs: clock.monotonicMs() }, sink);
  const server = new VirtualServer({
    ...{ config: parsed.config, clock, seed, defect: "none" },
    ...servers[0]!,
    send: (bytes, destination) => {
      const nowMs = clock.monotonicMs();
      fleet.receiveAtRelay(decodePacket(bytes), destination, nowMs, nowMs);
    },
  });
  for (let device = 0; device < DEVICES; device += 1) {
    fleet.start(device, "discover", clock.monotonicMs(), clock.monotonicMs());
  }
  const endMs = clock.monotonicMs() + TIME_MS;
  while (clock.monotonicMs() < endMs && sink.acknowledgements.length < DEVICES) {
    for (const { packet } of sink.take()) server.receive(packet.bytes!);
    clock.advance(1);
    fleet.advance(clock.monotonicMs());
    server.advance();
  }
  const granted = new Map(
    sink.acknowledgements.map((ack) => [ack.device, ack.leaseSeconds] as const),
  );
  return Array.from({ length: DEVICES }, (_, device) => granted.get(device) ?? 0);
}

const wished = Array.from({ length: DEVICES }, (_, device) => wishedSeconds(wish, seed, device));

describe("the lease times that devices ask for", () => {
  test("are granted by the population's own configuration, each device its own", () => {
    expect(grantedBy(wish)).toEqual(wished);
    expect(new Set(wished).size).toBeGreaterThan(DEVICES / 2);
  });

  test("are granted within the limits of the server", () => {
    const granted = grantedBy(wish, ["min-lease-time 900", "max-lease-time 1800"]);
    expect(granted).toEqual(wished.map((seconds) => Math.min(1800, Math.max(900, seconds))));
    expect([Math.min(...granted), Math.max(...granted)]).toEqual([900, 1800]);
  });

  test("are the server's own where nobody asks", () => {
    expect(grantedBy(undefined)).toEqual(Array(DEVICES).fill(1200));
  });
});
