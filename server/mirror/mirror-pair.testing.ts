import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, vi } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { type RunningMirror, startMirror } from "./edge/mirror-service.ts";
import type { MirrorPlan } from "./mirror-plan.ts";

export const waitMsMax = 50_000;
export const testIntervalMs = 50;

/** Two nodes of a test, each with a root; both stand by until they are told. */
export class MirrorPair {
  readonly folder = mkdtempSync(join(tmpdir(), "provlab-mirror-"));
  readonly addresses = ["127.0.42.1", "127.0.42.2"] as const;
  readonly mirrors: (RunningMirror | undefined)[] = [];
  readonly isActive = [false, false];
  /** What the mirrors said, with the number of the node before it. */
  readonly said: string[] = [];
  port = 0;

  static async make(): Promise<MirrorPair> {
    const pair = new MirrorPair();
    pair.port = await freePort(pair.addresses[0]);
    for (const node of [0, 1]) {
      mkdirSync(pair.rootOf(node));
      pair.writeKey(node, "the pair's key");
    }
    return pair;
  }

  rootOf(node: number): string {
    return join(this.folder, `root-${node}`);
  }

  pathOf(node: number, path: string): string {
    return join(this.rootOf(node), path);
  }

  writeKey(node: number, key: string): void {
    writeFileSync(join(this.folder, `key-${node}`), key);
    chmodSync(join(this.folder, `key-${node}`), 0o600);
  }

  planOf(node: number): MirrorPlan {
    const [own, other] = [this.addresses[node], this.addresses[1 - node]];
    return {
      folders: [{ name: "root", path: this.rootOf(node) }],
      links: [{ address: parseIpv4(own)!, peerAddress: parseIpv4(other)!, port: this.port }],
      keyFile: join(this.folder, `key-${node}`),
      intervalMs: testIntervalMs,
    };
  }

  async start(node: number, changes: Partial<MirrorPlan> = {}): Promise<RunningMirror> {
    const say = (message: string): void => void this.said.push(`${node}: ${message}`);
    const mirror = await startMirror({
      ...this.planOf(node),
      ...changes,
      isActive: () => this.isActive[node],
      logger: { error: say, warn: say, info: say, debug: say },
    });
    this.mirrors[node] = mirror;
    return mirror;
  }

  /** A file that has rested for an hour. */
  write(node: number, path: string, content: string | Uint8Array, mode = 0o644): void {
    const full = this.pathOf(node, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
    chmodSync(full, mode);
    const seconds = Math.floor(Date.now() / 1000) - 3600;
    utimesSync(full, seconds, seconds);
  }

  read(node: number, path: string): string {
    return readFileSync(this.pathOf(node, path), "utf8");
  }

  /** Every file below a root but those of the mirror itself, by its path. */
  contentOf(node: number): Record<string, string> {
    const content: Record<string, string> = {};
    const entries = readdirSync(this.rootOf(node), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(this.rootOf(node).length + 1);
      if (entry.isFile() && !path.startsWith(".provlab-")) content[path] = this.read(node, path);
    }
    return content;
  }

  async untilSame(): Promise<void> {
    await vi.waitFor(() => expect(this.contentOf(1)).toEqual(this.contentOf(0)), waitMsMax);
  }

  /** The standby node has looked at the active one, and found nothing left to do. */
  async untilInStep(node: number): Promise<void> {
    const isInStep = (): void => expect(this.mirrors[node]?.counts().isInStep).toBe(true);
    await vi.waitFor(isInStep, waitMsMax);
  }

  async close(): Promise<void> {
    await Promise.all(this.mirrors.map((mirror) => mirror?.stop()));
    rmSync(this.folder, { recursive: true });
  }
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, address, done));
  const bound = server.address();
  await new Promise((done) => server.close(done));
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return bound.port;
}
