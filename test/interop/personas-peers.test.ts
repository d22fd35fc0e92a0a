import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatMac } from "../../protocol/mac.ts";
import type { PersonaResult, RunResult } from "../../reports/result/run-result.ts";
import { readScenario } from "../../scenarios/language/scenario-file.ts";
import {
  type PersonaKind,
  PersonaRoll,
  personaKinds,
} from "../../scenarios/population/personas.ts";
import { Population } from "../../scenarios/population/population.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { keaPrograms, startKea } from "./kea.testing.ts";
import { addPlant, describeWithPeers, inLab, type NetworkLab } from "./namespaces.testing.ts";

// Every persona against real servers: what docs/personas.md says of it is seen there too. It says as
// well where the two differ.

const DEVICES = 4;
const MODEMS = 64;
const BOOTS = 2;

// A datagram and its answer take 300 ms: only the impatient do not wait that long.
const scenario = smallScenario("faulty", {
  population: { cableModems: MODEMS, cmtsCount: 4, addressBlock: "10.64.0.0/16" },
  network: { delay: { fixed: "150 ms" } },
  clients: {
    retransmit: { firstDelay: "1500 ms", maxDelay: "1500 ms", jitter: "50 ms" },
    ownTimers: false,
  },
  personas: personaKinds.map((kind) => ({ kind, count: DEVICES, of: "cable-modem" })),
  phases: [connect(100), renew(MODEMS, 1), { ...connect(100), name: "again", powerCycle: true }],
});

/** What the server has of an address in its lease file, last of all. */
interface Lease {
  readonly address: string;
  readonly mac: string;
  readonly isDeclined: boolean;
}

interface Played {
  readonly result: RunResult;
  readonly leases: readonly Lease[];
}

async function playAgainstDhcpd(lab: NetworkLab): Promise<Played> {
  const { headend, plant, files, serverArguments } = await addPlant(lab, scenario);
  const server = lab.start(headend, "dhcpd", serverArguments);
  await server.waitFor(/Server starting service\./);
  const result = await play(lab, plant, files.scenario);
  const leases = new Map<string, Lease>();
  for (const [, address, body] of readFileSync(files.leases, "latin1").matchAll(
    /^lease (\S+) \{(.*?)^\}/gms,
  )) {
    const mac = /hardware ethernet (\S+);/.exec(body!)?.[1] ?? "";
    const isDeclined = /^ {2}binding state abandoned;/m.test(body!);
    leases.set(address!, { address: address!, mac, isDeclined });
  }
  return { result, leases: [...leases.values()] };
}

async function playAgainstKea(lab: NetworkLab): Promise<Played> {
  const { headend, plant, files } = await addPlant(lab, scenario);
  const file = lab.path("leases.csv");
  const printed = await lab.run(headend, process.execPath, [
    ...[prov, "config", files.scenario, "--format", "kea", "--interfaces", "serve0"],
    ...["--leases", file, "--boot-server", "10.99.0.1"],
  ]);
  const place = { namespace: headend, address: "10.99.0.1", config: printed.output };
  await startKea(lab, place);
  const result = await play(lab, plant, files.scenario);
  const [header = "", ...rows] = readFileSync(file, "utf8").trim().split("\n");
  const columns = header.split(",");
  const leases = new Map<string, Lease>();
  for (const row of rows) {
    const cells = row.split(",");
    const [address = "", mac = "", state] = ["address", "hwaddr", "state"].map(
      (name) => cells[columns.indexOf(name)],
    );
    leases.set(address, { address, mac, isDeclined: state === "1" });
  }
  return { result, leases: [...leases.values()] };
}

async function play(lab: NetworkLab, plant: string, file: string): Promise<RunResult> {
  const out = lab.path("out");
  const args = [prov, "run", file, "--target", "10.99.0.1", "--out", out, "--report", "none"];
  const ran = await lab.run(plant, process.execPath, args);
  expect(ran.output).toMatch(/^(PASS|FAIL)/m);
  return JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
}

/** The MACs of the devices that have a persona. */
function macsOf(kind: PersonaKind): ReadonlySet<string> {
  const reading = readScenario("faulty.yaml", scenario);
  if (reading.kind === "failed") throw new Error("the scenario is wrong");
  const { personas, population: plan, seed } = reading.scenario;
  const population = new Population({ ...plan, seed });
  const roll = new PersonaRoll(personas, population, seed);
  const devices = Array.from({ length: MODEMS }, (_, device) => device);
  return new Set(
    devices
      .filter((device) => roll.personaOf(device) === kind)
      .map((device) => formatMac(population.macOf(device))),
  );
}

/** What both servers do alike. */
function expectDocumentedEffects({ result, leases }: Played): void {
  const of = (kind: PersonaKind): PersonaResult =>
    result.personas!.find((each) => each.kind === kind)!;
  for (const kind of personaKinds) {
    expect(of(kind), kind).toMatchObject({ devices: DEVICES, bound: DEVICES, timeouts: 0 });
    const renewals = kind === "never-renews" ? 0 : 1;
    expect(of(kind).completed, kind).toBe(DEVICES * (BOOTS + renewals));
    const naks = { "foreign-address": 1, "ignores-nak": 5 }[kind as string] ?? 0;
    expect(of(kind).naks, kind).toBe(DEVICES * BOOTS * naks);
    expect(of(kind).declines, kind).toBe(kind === "decline-loop" ? DEVICES * BOOTS * 3 : 0);
  }
  const renew = result.phases[1].streams[0];
  expect(renew).toMatchObject({ notEligible: DEVICES, completed: MODEMS - DEVICES });
  expect(of("ignores-nak").retransmissions).toBe(DEVICES * BOOTS * 5);
  expect(of("impatient").retransmissions).toBeGreaterThanOrEqual(DEVICES * BOOTS * 2);
  expect(of("duplicate-mac").twinLeases).toBe(DEVICES * BOOTS);
  expect(result.safety.expected).toBeUndefined();

  const inUse = leases.filter(({ isDeclined }) => !isDeclined);
  const addressesOf = (kind: PersonaKind): number => {
    const macs = macsOf(kind);
    expect(macs.size).toBe(DEVICES);
    return inUse.filter(({ mac }) => macs.has(mac)).length;
  };
  // One address a device, but for those who are somebody else at each boot, or in two places.
  for (const kind of personaKinds) {
    const addresses = ["changing-client-id", "duplicate-mac"].includes(kind) ? 2 : 1;
    expect([kind, addressesOf(kind)]).toEqual([kind, DEVICES * addresses]);
  }
  expect(leases.length - inUse.length).toBe(DEVICES * BOOTS * 3);
}

// Both wait for most of their time: a device that was refused starts again after up to ten seconds.
describeWithPeers("devices of every persona", ["dhcpd", ...keaPrograms], () => {
  test.concurrent("ISC dhcpd: each has its documented effect", () =>
    inLab(async (lab) => {
      const played = await playAgainstDhcpd(lab);
      expectDocumentedEffects(played);
      expect(played.result.verdict).toBe("pass");
      // Neither copy that cannot be read is answered: one repetition of each message.
      const malformed = played.result.personas!.find(({ kind }) => kind === "malformed-options")!;
      expect(malformed.retransmissions).toBe(DEVICES * (BOOTS * 2 + 1));
    }));

  test.concurrent("Kea: the same, but it answers what is malformed", () =>
    inLab(async (lab) => {
      const played = await playAgainstKea(lab);
      expectDocumentedEffects(played);
      const { verdict, safety, personas } = played.result;
      // The option that is not whole is the relay's, or before it: the answer goes without option 82.
      expect([verdict, safety.malformedReplies]).toEqual(["fail", DEVICES * BOOTS * 2]);
      expect(personas!.find(({ kind }) => kind === "malformed-options")!.retransmissions).toBe(0);
    }));
});
