import { serialize } from "node:v8";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { readScenario } from "../../../scenarios/language/scenario-file.ts";
import { smallScenario } from "../../../scenarios/small-scenario.testing.ts";
import { planOf, type RunOrder, targetOf } from "../plan/run-order.ts";
import { pack } from "../result/packed.ts";
import { ALLOWED_DEFAULT, decodeOrder, encodeOrder, parseAllowed, refusalOf } from "./order.ts";
import { RendezvousError } from "./rendezvous-error.ts";

const reading = readScenario("small.yaml", smallScenario({ more: ["title: costs $${X}"] }));
if (reading.kind === "failed") throw new Error("the scenario is wrong");
const { scenario, whole } = reading;

const order: RunOrder = {
  ...{ whole, sha256: "0".repeat(64), kind: "external", workers: 2, history: true },
  servers: [{ address: parseIpv4("10.99.0.1")!, port: 67 }],
};
const placement = "one-machine";

test("an order says the run, and nothing but the run", () => {
  const { plan, target, ...said } = decodeOrder(encodeOrder(order, placement));
  expect(said).toEqual({ scenario, sha256: order.sha256, placement });
  expect(plan).toEqual(planOf(scenario, order));
  expect(target).toEqual(targetOf(order));
});

test("files and ports of the servers come along", () => {
  const ports = { tftp: 2001, time: 2002, ntp: 2003, syslog: 2004 };
  const files = [{ name: "cm.cfg", bytes: Uint8Array.of(1, 2) }];
  const boots = smallScenario({ stream: "{ exchange: boot, ratePerSecond: 10 }" });
  const booting = readScenario("small.yaml", boots);
  if (booting.kind === "failed") throw new Error("the scenario is wrong");
  const sent: RunOrder = { ...order, whole: booting.whole, ports, files };
  const { boot } = decodeOrder(encodeOrder(sent, placement)).plan;
  expect(boot).toMatchObject({ files, policy: { ports } });
});

test("an order too long to be sent is refused where it is made", () => {
  const files = [{ name: "image", bytes: new Uint8Array(65 * 1024 * 1024) }];
  expect(() => encodeOrder({ ...order, files }, placement)).toThrow(/--boot-files/);
});

/** An order with one more or another field. */
const crafted = (changes: object, around: object = {}): Buffer =>
  pack({ order: { ...order, ...changes }, placement, ...around }, 1 << 27);
const withScenario = (changes: object): Buffer =>
  crafted({ whole: { ...whole, data: { ...(whole.data as object), ...changes } } });

describe("what is no order is refused", () => {
  // What agents of earlier versions took: any value of JavaScript, and any file, namespace and target in it.
  const plan = { ...planOf(scenario, order), capture: { path: "/etc/passwd", bytesMax: 1 } };
  test.each<[string, Buffer, RegExp]>([
    ["a value of V8", gzipSync(serialize({ plan, scenario, placement })), /cannot be read/],
    ["nothing", Buffer.alloc(0), /cannot be read/],
    ["a file to write", crafted({ capture: { path: "/etc/passwd" } }), /"capture"/],
    ["a network namespace", crafted({ networkNamespace: "/run/netns/x" }), /"networkNamespace"/],
    ["a plan of its own", crafted({}, { plan }), /"plan"/],
    ["no server", crafted({ servers: [] }), /servers/],
    ["a server by name", crafted({ servers: [{ address: "localhost", port: 67 }] }), /address/],
    ["65 workers", crafted({ workers: 65 }), /workers/],
    ["a placement of segments", crafted({}, { placement: "by-turns" }), /placement/],
    ["half a file", crafted({ files: [{ name: "a", bytes: "b" }] }), /bytes/],
    ["a phase that is none", withScenario({ phases: [{ name: "x", ratePerSecond: 1 }] }), /phases/],
    ["a population beyond all", withScenario({ population: { cableModems: 1e12 } }), /cableModems/],
    [
      "a persona that did not come along",
      withScenario({ personas: [{ kind: "captured", file: "/etc/passwd", percent: 1 }] }),
      /did not come with the scenario/,
    ],
    ["no scenario", crafted({ whole: { personas: {} } }), /whole.data/],
    ["64 MiB of zeros and more", crafted({ more: new Uint8Array(65 << 20) }), /cannot be read/],
  ])("%s", (_, bytes, words) => {
    expect(() => decodeOrder(bytes)).toThrow(RendezvousError);
    expect(() => decodeOrder(bytes)).toThrow(words);
  });
});

test("files that a scenario would include are not read", () => {
  const { scenario: read } = decodeOrder(withScenario({ include: "/etc/passwd" }));
  expect(read).toEqual(scenario);
});

describe("targets", () => {
  const to = (...addresses: readonly string[]) => {
    const servers = addresses.map((each) => ({ address: parseIpv4(each)!, port: 67 }));
    return decodeOrder(encodeOrder({ ...order, servers }, placement));
  };
  const allowed = (...networks: readonly string[]) => networks.map((each) => parseAllowed(each)!);

  test("loopback alone, unless the command line says more", () => {
    expect(refusalOf(to("127.0.0.1", "127.255.0.9"), allowed(ALLOWED_DEFAULT))).toBeUndefined();
    expect(refusalOf(to("127.0.0.1", "10.99.0.1"), allowed(ALLOWED_DEFAULT))).toBe(
      "may not load 10.99.0.1: start it with --allow-target 10.99.0.1 if it should",
    );
    expect(refusalOf(to("128.0.0.1"), allowed(ALLOWED_DEFAULT))).toMatch(/may not load 128.0.0.1/);
  });

  test("each server has to be in one of the networks", () => {
    const networks = allowed("10.99.0.0/30", "192.0.2.7", "203.0.113.0/24");
    expect(refusalOf(to("10.99.0.3", "192.0.2.7", "203.0.113.255"), networks)).toBeUndefined();
    for (const outside of ["10.99.0.4", "192.0.2.6", "203.0.114.0"]) {
      expect(refusalOf(to("10.99.0.1", outside), networks)).toMatch(`may not load ${outside}:`);
    }
  });

  test.each(["", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "localhost", "::1", "10.0.0.0/", "*"])(
    "%j is no network",
    (text) => {
      expect(parseAllowed(text)).toBeUndefined();
    },
  );

  test("0.0.0.0/0 is everything", () => {
    expect(refusalOf(to("255.255.255.254"), allowed("0.0.0.0/0"))).toBeUndefined();
  });
});
