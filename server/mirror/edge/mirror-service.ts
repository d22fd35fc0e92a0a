import { setTimeout as rest } from "node:timers/promises";
import { type Clock, systemClock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import { readHeartbeatKey } from "../../ha/edge/heartbeat-key.ts";
import { type CounterNames, counterFamilies, gauge } from "../../metrics/exposition.ts";
import { StartError } from "../../process/start-error.ts";
import type { CountingService } from "../../service/loop/datagram-loop.ts";
import { parseManifest, stepsTo } from "../manifest.ts";
import { type MirrorFolder, type MirrorPlan, mirrorLimits } from "../mirror-plan.ts";
import { FolderWriter } from "./folder-writer.ts";
import { MirrorClient, MirrorError } from "./mirror-client.ts";
import { type MirrorCounters, MirrorServer, newMirrorCounters } from "./mirror-server.ts";
import { WatchedFolder } from "./watched-folder.ts";

export interface MirrorOptions extends MirrorPlan {
  /** Whether this node serves DHCP and therefore is the master. */
  readonly isActive: () => boolean;
  /** Called regularly with whether this standby node has all files of the active one. */
  readonly onLook?: (isInStep: boolean) => void;
  /** Called with how many of the files that differ it has; of 0 when it fetches none. */
  readonly onProgress?: (filesFetched: number, filesInAll: number) => void;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface RunningMirror extends CountingService {
  /** `isInStep`: every folder equalled the active node's at the last look. False on the active node. */
  counts(): MirrorCounters & { readonly isInStep: boolean };
}

const names: CounterNames = {
  fetched: { name: "fetched_files", help: "Files fetched from the active node." },
  bytes: { name: "fetched_bytes", help: "Bytes of them." },
  removed: { name: "removed_files", help: "Files removed, because the active node has them not." },
  served: { name: "served_files", help: "Files given to the other node." },
  unproven: { help: "Connections that did not prove to have the pair's key." },
};

/**
 * Keeps folders equal to those of the node that serves DHCP: while active this node offers its files,
 * otherwise it fetches the other node's. Rejects with StartError.
 */
export async function startMirror(options: MirrorOptions): Promise<RunningMirror> {
  const mirror = new Mirror(options);
  try {
    await mirror.listen();
  } catch (error) {
    await mirror.close();
    throw error;
  }
  const ended = mirror.run().finally(() => mirror.close());
  // The owner of the service may never wait for it.
  const stopped = ended.catch(() => undefined);
  const { counters } = mirror;
  return {
    port: mirror.port,
    ended,
    counts: () => ({ ...counters, isInStep: mirror.isInStep }),
    families: () => [
      ...counterFamilies("provlab_mirror", counters, names),
      gauge("provlab_mirror_in_step", "1 when this standby node has all.", Number(mirror.isInStep)),
    ],
    stop: () => {
      mirror.stop();
      return stopped;
    },
  };
}

interface Mirrored {
  readonly folder: MirrorFolder;
  readonly watched: WatchedFolder;
  writer: FolderWriter;
  /** Versions of both sides when they were last equal. */
  same: { readonly master: string; readonly own: string } | undefined;
}

/** Log at most this often how far a long fetch is. */
const PROGRESS_LOG_MS_MIN = 2000;

type Round = "in-step" | "behind" | "not-active";

class Mirror {
  readonly counters = newMirrorCounters();
  isInStep = false;
  readonly #options: MirrorOptions;
  readonly #sign: HeartbeatSigner;
  readonly #folders: Mirrored[] = [];
  readonly #servers: MirrorServer[] = [];
  readonly #client: MirrorClient;
  readonly #stop = new AbortController();
  #told = "";
  #progressAtMs = 0;

  constructor(options: MirrorOptions) {
    const { folders, links, keyFile, intervalMs, logger, clock = systemClock } = options;
    this.#options = options;
    this.#sign = readHeartbeatKey(keyFile);
    this.#client = new MirrorClient(links, this.#sign);
    for (const folder of folders) {
      const writer = new FolderWriter(folder);
      const watched = new WatchedFolder(folder, intervalMs, clock, logger);
      this.#folders.push({ folder, watched, writer, same: undefined });
    }
  }

  async listen(): Promise<void> {
    const { links, isActive } = this.#options;
    const folders = new Map(this.#folders.map(({ folder, watched }) => [folder.name, watched]));
    const source = { counters: this.counters, sign: this.#sign, folders, isActive };
    for (const { address, port } of links) {
      this.#servers.push(await MirrorServer.open(address, port, source));
    }
  }

  get port(): number {
    return this.#servers[0].port;
  }

  /** Makes `run` end soon. */
  stop(): void {
    this.#stop.abort();
    this.#client.close();
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#servers.map((server) => server.close()));
    for (const { watched, writer } of this.#folders) {
      await watched.close();
      writer.close();
    }
  }

  get #mayGoOn(): boolean {
    return !this.#stop.signal.aborted && !this.#options.isActive();
  }

  /** Until `stop`. Rejects when our own code is broken. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#mayGoOn) await this.#round();
      else this.isInStep = false;
      this.#options.onLook?.(this.isInStep);
      const { signal } = this.#stop;
      await rest(this.#options.intervalMs, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** An outside error is logged, and the next round tries again. */
  async #round(): Promise<void> {
    const { logger } = this.#options;
    const troubles: string[] = [];
    let isInStep = true;
    for (const mirrored of this.#folders) {
      try {
        const round = await this.#follow(mirrored, troubles);
        isInStep = isInStep && round === "in-step";
        if (round === "not-active") break;
      } catch (error) {
        if (!isFromOutside(error)) throw error;
        isInStep = false;
        troubles.push((error as Error).message);
        if (error instanceof MirrorError) break;
      }
    }
    if (isInStep && !this.isInStep) logger.info("every folder is as on the active node");
    this.isInStep = isInStep;
    const text = troubles.slice(0, 10).join("\n");
    if (text !== this.#told && !this.#stop.signal.aborted) {
      for (const trouble of troubles.slice(0, 10)) logger.warn(`not in step: ${trouble}`);
    }
    this.#told = text;
  }

  /** Logs nothing about folders that are fetched sooner than the first line is due. */
  #tellProgress(folder: string, files: number, inAll: number): void {
    const { onProgress, logger, clock = systemClock } = this.#options;
    onProgress?.(files, inAll);
    const nowMs = clock.monotonicMs();
    if (files === 1) this.#progressAtMs = nowMs;
    if (nowMs - this.#progressAtMs < PROGRESS_LOG_MS_MIN) return;
    this.#progressAtMs = nowMs;
    logger.info(
      `${folder}: ${files.toLocaleString("en-US")} of ${inAll.toLocaleString("en-US")} files`,
    );
  }

  async #follow(mirrored: Mirrored, troubles: string[]): Promise<Round> {
    const { folder, watched, writer, same } = mirrored;
    const own = await watched.now();
    if (!this.#mayGoOn) return "behind";
    const known = same?.own === own.version ? same.master : undefined;
    const answer = await this.#client.manifest(folder.name, known);
    if (answer.kind === "not-active") return "not-active";
    if (answer.kind === "not-ready") return "behind";
    if (answer.kind === "as-before") return "in-step";
    const master = parseManifest(answer.text, mirrorLimits.filesMax);
    if (master === undefined) throw new MirrorError(`${folder.name}: the manifest is not one`);
    const steps = stepsTo(master, own.manifest);
    const isQuiet = !own.isUnsettled && [...master.files.values()].every(({ sha256 }) => sha256);
    if (steps.fetch.length === 0 && steps.remove.length === 0) {
      mirrored.same = isQuiet ? { master: answer.version, own: own.version } : undefined;
      return isQuiet ? "in-step" : "behind";
    }
    const fetch: Parameters<FolderWriter["apply"]>[1] = (entry, write) =>
      this.#client.file(folder.name, entry, write);
    if (writer.rootIdentity !== own.folders.get("")) {
      // The folder was replaced by another one.
      writer.close();
      mirrored.writer = new FolderWriter(folder);
    }
    const inAll = steps.fetch.length;
    const onProgress = (files: number): void => this.#tellProgress(folder.name, files, inAll);
    let applied: Awaited<ReturnType<FolderWriter["apply"]>>;
    try {
      applied = await mirrored.writer.apply(steps, fetch, () => this.#mayGoOn, onProgress);
    } finally {
      this.#options.onProgress?.(0, 0);
    }
    watched.touch();
    const { fetched, removed } = applied;
    this.counters.fetched += fetched;
    this.counters.removed += removed;
    this.counters.bytes += applied.bytes;
    troubles.push(...applied.troubles.map((trouble) => `${folder.name}: ${trouble}`));
    if (fetched + removed > 0) {
      const what = `${fetched} files fetched, ${removed} removed`;
      this.#options.logger.info(`${folder.name}: ${what}`, {
        folder: folder.name,
        fetched,
        removed,
      });
    }
    return "behind";
  }
}

/** Caused by the other node, the system or an operator; any other error is our bug. */
function isFromOutside(error: unknown): boolean {
  if (error instanceof MirrorError || error instanceof StartError) return true;
  return error instanceof Error && "code" in error;
}
