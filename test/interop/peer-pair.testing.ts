import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { NodeAddresses, PairSetUp, PairSite } from "../../lab/pair-set-up.ts";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { Population } from "../../scenarios/population/population.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";
import { addBridge, ip, type NetworkLab, type Peer } from "./namespaces.testing.ts";

const devices = { cableModems: 12, mtas: 4, cpes: 4, smartMeters: 4, cmtsCount: 2 } as const;
export const deviceCount = 24;

const scenario = smallScenario("pair", {
  population: { ...devices, addressBlock: "10.64.0.0/16" },
  phases: [connect(20)],
  thresholds: [`connect.discover.completed == ${deviceCount}`, "connect.discover.naks == 0"],
});

const access = ["10.99.0.1", "10.99.0.2"] as const;
const plantAddress = "10.99.0.254";

function nodeAddresses(last: number): NodeAddresses {
  const at = (network: string): number => parseIpv4(`${network}.${last}`)!;
  return {
    access: at("10.99.0"),
    links: [at("192.168.0"), at("192.168.1")],
    store: at("192.168.2"),
  };
}

/** A pair's two namespaces, the link between them, and the plant whose relays forward to both. */
export class PeerPairSite {
  readonly site: PairSite;
  readonly #lab: NetworkLab;
  /** The namespaces of node A and of node B. */
  readonly nodes: readonly [string, string];
  readonly #plant: string;
  readonly #running: Peer[] = [];
  #runs = 0;

  constructor(lab: NetworkLab) {
    this.#lab = lab;
    this.#plant = lab.addNamespace("plant");
    this.nodes = [lab.addNamespace("a"), lab.addNamespace("b")];
    const bridge = { interfaceName: "access", address: `${plantAddress}/24` };
    const plug = addBridge(lab, this.#plant, bridge);
    ip("-n", this.#plant, "route", "add", "local", "10.64.0.0/16", "dev", "lo");
    for (const [index, node] of this.nodes.entries()) {
      plug(node, { interfaceName: "serve0", address: `${access[index]}/24` });
      ip("-n", node, "route", "add", "10.64.0.0/16", "via", plantAddress);
    }
    lab.link(
      ...([this.nodes[0], { interfaceName: "link0", address: "192.168.0.1/24" }] as const),
      ...([this.nodes[1], { interfaceName: "link0", address: "192.168.0.2/24" }] as const),
    );
    this.site = {
      folder: lab.directory,
      addresses: {
        nodes: [nodeAddresses(1), nodeAddresses(2)],
        ...{ witnessStore: parseIpv4("192.168.2.3")!, gateway: undefined },
      },
      ...{ port: 67, leaseSeconds: 600, accessInterface: "serve0", hasNamespaces: true },
      population: new Population({
        ...devices,
        addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 16 },
      }),
    };
    writeFileSync(lab.path("pair.yaml"), scenario);
  }

  /** Starts both nodes in folders of their own, then waits for both to say that they are ready. */
  async start({ nodes }: PairSetUp): Promise<readonly [Peer, Peer]> {
    for (const { name, files } of nodes) {
      mkdirSync(this.#lab.path(name));
      for (const { path, text } of files) {
        writeFileSync(join(this.#lab.path(name), path), text);
      }
    }
    const peers = [this.startNode(nodes, 0), this.startNode(nodes, 1)] as const;
    const deadline = performance.now() + 60_000;
    for (const [index, peer] of peers.entries()) {
      const { name, isReady } = nodes[index];
      while (!isReady(peer.output, (path) => this.read(name, path))) {
        if (peer.isOver || performance.now() > deadline) {
          throw new Error(`${name} was not ready: ${peer.output}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    return peers;
  }

  /** Starts one node on the files that it has. */
  startNode(nodes: PairSetUp["nodes"], index: 0 | 1): Peer {
    const { name, command, environment = {} } = nodes[index];
    const words = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    const args = ["-C", this.#lab.path(name), ...words, ...command];
    const peer = this.#lab.start(this.nodes[index], "env", args);
    this.#running[index] = peer;
    return peer;
  }

  /** Every device gets an address from the pair; the result says how many each node acknowledged. */
  async bindAll(): Promise<{ readonly acknowledgedBy: readonly number[] }> {
    this.#runs += 1;
    const out = this.#lab.path(`out-${this.#runs}`);
    const ran = await this.#lab.run(this.#plant, process.execPath, [
      ...[prov, "run", this.#lab.path("pair.yaml"), "--out", out],
      ...access.flatMap((address) => ["--target", address]),
    ]);
    const servers = this.#running.map(({ output }) => output.slice(-2000)).join("\n");
    expect(ran.status, `${ran.output}\n${servers}`).toBe(0);
    const result = JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
    expect(result.safety).toMatchObject({ acknowledged: deviceCount, malformedReplies: 0 });
    return { acknowledgedBy: result.answeredBy?.map(({ acknowledged }) => acknowledged) ?? [] };
  }

  /** A file of a node's own folder. */
  read(node: string, path: string): string {
    return readFileSync(join(this.#lab.path(node), path), "utf8");
  }
}

/** The addresses of each hardware address that is leased, by all records of an ISC lease file. */
export function leasedAddresses(leases: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, address, body] of leases.matchAll(/^lease (\S+) \{([^}]*)\}/gm)) {
    const hardware = /hardware ethernet (\S+);/.exec(body!)?.[1];
    if (hardware === undefined || !/binding state active;/.test(body!)) continue;
    found.set(hardware, (found.get(hardware) ?? new Set()).add(address!));
  }
  return found;
}
