import type { Logger } from "../../../base/log.ts";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import { StartError } from "../../process/start-error.ts";
import { blankSecrets } from "../../trace/blank-secrets.ts";
import { createTraceFile } from "../../trace/edge/trace-file.ts";
import type { TracedPacket, TraceSetup } from "../../trace/trace-format.ts";
import { TraceRecorder } from "../../trace/trace-recorder.ts";
import { undecidable } from "../../trace/traced-parts.ts";
import type { PacketKeeper } from "../quarantine.ts";

/** The packets of a file, besides the configuration: about a thousand. */
const PACKET_BYTES_MAX = 1 << 20;

export interface QuarantineFileOptions {
  readonly path: string;
  readonly setup: TraceSetup;
  /** The text of each configuration file by name, the main one first; undefined when they are too long to keep. */
  readonly configTexts: ReadonlyMap<string, string> | undefined;
  readonly logger: Pick<Logger, "error">;
}

/**
 * Keeps packets as a trace, which `prov dhcpd -play` plays: with the configuration, without leases. The file is made
 * for the first packet; the one of the last start becomes `PATH~`. It never gets larger than its configuration and
 * 1 MiB: then the first packets stay, and later ones are not kept.
 */
export class QuarantineFile implements PacketKeeper {
  readonly path: string;
  readonly #options: QuarantineFileOptions;
  #recorder: TraceRecorder | undefined;
  #isRefused = false;

  constructor(options: QuarantineFileOptions) {
    this.path = options.path;
    this.#options = options;
  }

  keep(packet: TracedPacket, nowSeconds: number, nowMs: number): void {
    if (this.#isRefused) return;
    try {
      this.#recorder ??= this.#begin();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#refuse(error.message);
      return;
    }
    const { interfaceIndex } = packet;
    this.#recorder.turn();
    this.#recorder.packet(packet);
    this.#recorder.decision(
      "respond",
      this.#recorder.packets,
      undecidable,
      nowSeconds,
      nowMs,
      interfaceIndex,
    );
    this.#recorder.flush();
  }

  close(): void {
    this.#recorder?.end("stopped");
  }

  #begin(): TraceRecorder {
    const { path, setup, configTexts = new Map<string, string>() } = this.#options;
    const configBytes = [...configTexts.values()].reduce((total, { length }) => total + length, 0);
    const recorder = new TraceRecorder({
      sink: createTraceFile(path),
      bytesMax: configBytes + PACKET_BYTES_MAX,
      onEarlyEnd: (endedBy) =>
        this.#refuse(endedBy === "full" ? "it has its size" : "it cannot be written"),
    });
    for (const [name, text] of configTexts) {
      recorder.file("configuration", name);
      recorder.content(latin1Bytes(blankSecrets(text)));
    }
    recorder.file("leases", "");
    recorder.setup(setup);
    recorder.flush();
    return recorder;
  }

  #refuse(why: string): void {
    this.#isRefused = true;
    this.#options.logger.error(`${this.path}: no further packets are kept there: ${why}`);
  }
}
