import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { formatHex } from "../../protocol/hex.ts";
import { formatMac, parseMac } from "../../protocol/mac.ts";
import { CaptureError } from "../../protocol/pcap/capture-error.ts";
import type { CapturedFrame } from "../../protocol/pcap/captured-frame.ts";
import { readCapture } from "../../protocol/pcap/read-capture.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import {
  type CapturedPersona,
  readPersonaFile,
} from "../../scenarios/population/captured-persona.ts";
import { Population } from "../../scenarios/population/population.ts";
import { surveyCapture } from "../../simulator/capture/pcap-conversation.ts";
import { CapturedTemplates } from "../../simulator/device/message/captured-templates.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";
import type { ClientPlan } from "./dhcp-clients.testing.ts";
import { LocalLink } from "./local-link.testing.ts";
import { describeWithPeers, type Peer } from "./namespaces.testing.ts";

const population = new Population({
  cableModems: 10,
  mtas: 0,
  cpes: 10,
  smartMeters: 0,
  cmtsCount: 2,
});

const macOfCpe = (unit: number) => formatMac(population.macOf(population.deviceOf(2, unit)));

// Three clients, and three kinds of file and of link.
const devices: readonly { plan: ClientPlan; capture: readonly string[]; file: string }[] = [
  {
    plan: { program: "dhclient", mac: macOfCpe(0), identity: "duid" },
    capture: ["tcpdump", "-i", "serve0", "-U", "-w"],
    file: "dhclient.pcap",
  },
  {
    plan: { program: "dhcpcd", mac: macOfCpe(1), identity: "duid", broadcast: true },
    capture: ["dumpcap", "-q", "-i", "serve0", "-w"],
    file: "dhcpcd.pcapng",
  },
  {
    plan: { program: "udhcpc", mac: macOfCpe(2), identity: "hardware" },
    capture: ["tcpdump", "-i", "any", "-y", "LINUX_SLL2", "--nano", "-U", "-w"],
    file: "udhcpc.pcap",
  },
];

/** Resolves when a capture that goes on has `count` messages of a shape of a device. */
async function captured(file: string, mac: string, shape: string, count: number): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (performance.now() < deadlineMs) {
    const frames = readCapture(readFileSync(file));
    const seen: CapturedFrame[] = [];
    try {
      for (const frame of frames) seen.push(frame);
    } catch (error) {
      // The last record may be half written.
      if (!(error instanceof CaptureError)) throw error;
    }
    const messages = surveyCapture(seen).devices.get(mac) ?? [];
    if (messages.filter((message) => message.shape === shape).length >= count) return;
    await new Promise((settle) => setTimeout(settle, 100));
  }
  throw new Error(`${file} has not ${count} ${shape} of ${mac}`);
}

const peers = ["dhclient", "dhcpcd", "udhcpc", "busybox", "tcpdump", "dumpcap"];

describeWithPeers("captured clients", peers, () => {
  let link: LocalLink;
  const captures: Peer[] = [];

  beforeAll(async () => {
    link = new LocalLink();
    for (const { capture, file } of devices) {
      const [command, ...args] = [...capture, link.lab.path(file)];
      const peer = link.lab.start(link.serverSide, command!, args);
      await peer.waitFor(/listening on|File:/);
      captures.push(peer);
    }
    const clients = devices.map(({ plan }) => link.addClient(plan).client);
    // Nobody answers yet, so the clients have to repeat themselves.
    for (const client of clients) client.start();
    for (const { plan, file } of devices) {
      await captured(link.lab.path(file), plan.mac, "discover", 2);
    }
    await link.startServer();
    for (const client of clients) {
      await client.took();
      client.renew();
      await client.took(2);
      await client.release();
    }
    // What the kernel still holds when a capture ends is lost.
    for (const { plan, file } of devices) {
      await captured(link.lab.path(file), plan.mac, "release", 1);
    }
    for (const peer of captures) await peer.stop("SIGINT");
  });

  afterAll(() => link.close());

  const personaOf = (file: string, ...more: readonly string[]): CapturedPersona => {
    const path = link.lab.path(file);
    const args = [prov, "persona", "from-pcap", path, "-o", `${path}.yaml`, ...more];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(ran).toMatchObject({ status: 0, stdout: "" });
    const reading = readPersonaFile(path, readFileSync(`${path}.yaml`, "utf8"));
    if (reading.kind === "failed") throw new Error(JSON.stringify(reading.problems));
    return reading.persona;
  };

  test.each(devices)("$plan.program: what is played is what was captured", ({ plan, file }) => {
    const persona = personaOf(file, "--mac", plan.mac);
    const survey = surveyCapture(readCapture(readFileSync(link.lab.path(file))));
    const conversation = survey.devices.get(plan.mac)!;
    const played = new CapturedTemplates(persona, population);
    const device = population.deviceOfMac(parseMac(plan.mac)!);
    const shapes = new Set<string>();
    for (const { shape, bytes } of conversation) {
      if (shape === "inform") continue;
      shapes.add(shape);
      const { xid, secs, ciaddr, options } = decodePacket(bytes);
      const requested = options.getUInt32(OptionCode.requestedAddress) ?? 0;
      const server = options.getUInt32(OptionCode.serverIdentifier) ?? 0;
      const target = new Uint8Array(1472);
      const length = played.write(device, shape, { xid, secs, ciaddr, requested, server }, target);
      expect(formatHex(target.subarray(0, length))).toBe(formatHex(bytes));
    }
    expect([...shapes]).toEqual(
      expect.arrayContaining(["discover", "request-selecting", "request-extending", "release"]),
    );
    expect(persona.retransmit?.length).toBeGreaterThan(0);
  });

  test("a capture of several devices wants to know which", () => {
    const path = link.lab.path(devices[0].file);
    const ran = spawnSync(process.execPath, [prov, "persona", "from-pcap", path], {
      encoding: "utf8",
    });
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    for (const { plan } of devices) expect(ran.stderr).toContain(plan.mac);
  });

  test("a scenario of captured devices", () => {
    const personas = devices.map(({ plan, file }) => {
      personaOf(file, "--mac", plan.mac, "--name", plan.program);
      return { kind: "captured", file: `${file}.yaml`, count: 3, of: "cpe" };
    });
    const path = link.lab.path("captured.yaml");
    writeFileSync(
      path,
      smallScenario("captured", {
        population: { cableModems: 10, cpes: 10, cmtsCount: 2 },
        personas,
        phases: [connect(50)],
      }),
    );
    const out = link.lab.path("run");
    const ran = spawnSync(
      process.execPath,
      [prov, "run", path, "--out", out, "--progress", "none"],
      {
        encoding: "utf8",
        timeout: 60_000,
      },
    );
    expect(ran.stderr).toBe("");
    const result = JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
    expect(result.verdict).toBe("pass");
    expect(result.personas).toMatchObject(
      devices.map(({ plan }) => ({
        ...{ kind: "captured", name: plan.program, of: "cpe", devices: 3, bound: 3 },
        ...{ completed: 3, naks: 0, declines: 0 },
      })),
    );
    expect(ran.stdout).toMatch(/persona +dhclient: 3 cpe, 3 bound at the end/);
  });
});
