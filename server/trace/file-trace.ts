import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import { latin1Bytes } from "../../protocol/latin1.ts";
import type { DhcpEngineApi } from "../dhcp/decide/engine.ts";
import type { LeaseStore } from "../lease/store/lease-store.ts";
import { StartError } from "../process/start-error.ts";
import { blankSecrets } from "./blank-secrets.ts";
import { PacketNumbers } from "./packet-numbers.ts";
import type { FrameSender, NameOf, Replies, Resolve, ServerTrace } from "./server-trace.ts";
import type { TraceSetup } from "./trace-format.ts";
import { TraceRecorder, type TraceSink } from "./trace-recorder.ts";
import {
  TracedEngine,
  tracedLinks,
  tracedNameOf,
  tracedResolve,
  tracedSender,
  tracedStore,
} from "./traced-parts.ts";
import { TracedSocket } from "./traced-socket.ts";

export interface FileTraceOptions {
  readonly path: string;
  readonly bytesMax: number;
  readonly program: string;
  readonly configFile: string;
  /** The text of each configuration file by name, one character for each byte; cleared once recorded. */
  readonly configTexts: Map<string, string>;
  /** Creates the trace file and moves an existing one out of the way. Throws StartError. */
  readonly openSink: (path: string) => TraceSink;
  /** The content of a file in pieces. */
  readonly readPieces: (path: string) => Iterable<Uint8Array>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Records a server's packets and decisions into a file (`-tf`). */
export class FileTrace implements ServerTrace {
  readonly #options: FileTraceOptions;
  readonly #numbers = new PacketNumbers();
  #recorder: TraceRecorder | undefined;
  #engine: TracedEngine | undefined;
  #isServing = false;

  constructor(options: FileTraceOptions) {
    this.#options = options;
  }

  begin(leaseFile: string): void {
    const { path, bytesMax, openSink, configTexts, configFile, readPieces } = this.#options;
    const recorder = new TraceRecorder({
      sink: openSink(path),
      bytesMax,
      onEarlyEnd: (endedBy) => this.#isServing && this.#tellEnd(endedBy),
    });
    this.#recorder = recorder;
    // The main file comes first: the reader takes the first one as the main file.
    const names = [configFile, ...[...configTexts.keys()].filter((name) => name !== configFile)];
    for (const name of names) {
      recorder.file("configuration", name);
      recorder.content(latin1Bytes(blankSecrets(configTexts.get(name) ?? "")));
    }
    configTexts.clear();
    recorder.file("leases", leaseFile);
    for (const piece of readPieces(leaseFile)) recorder.content(piece);
    this.#checkRoom();
  }

  socket(socket: UdpSocket): UdpSocket {
    return new TracedSocket(socket, this.#running, this.#numbers);
  }

  links(links: FrameSender): FrameSender {
    return tracedLinks(links, this.#running, this.#numbers);
  }

  store(store: LeaseStore): LeaseStore {
    return tracedStore(store, this.#running);
  }

  engine(engine: DhcpEngineApi): DhcpEngineApi {
    this.#engine = new TracedEngine(engine, this.#running, this.#numbers);
    return this.#engine;
  }

  sender(sender: Replies): Replies {
    return tracedSender(sender, this.#numbers);
  }

  resolve(resolve: Resolve): Resolve {
    return tracedResolve(resolve, this.#running);
  }

  nameOf(nameOf: NameOf): NameOf {
    return tracedNameOf(nameOf, this.#running);
  }

  setUp(setup: Parameters<ServerTrace["setUp"]>[0]): void {
    const { program, configFile, clock, path, logger } = this.#options;
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const whole: TraceSetup = { program, configFile, ...now, ...setup };
    this.#running.setup(whole);
    this.#running.flush();
    this.#checkRoom();
    this.#isServing = true;
    logger.info(`Trace file: ${path}`);
  }

  end(): void {
    this.#recorder?.end(this.#engine?.hasFailed === true ? "failed" : "stopped");
  }

  get #running(): TraceRecorder {
    const recorder = this.#recorder;
    if (recorder === undefined) throw new Error("the trace was not begun");
    return recorder;
  }

  #checkRoom(): void {
    const { path, bytesMax } = this.#options;
    const { endedBy } = this.#running;
    if (endedBy === "refused") throw new StartError(`Can't write trace file ${path}.`);
    if (endedBy !== "full") return;
    throw new StartError(
      `The configuration and the leases alone are more than the ${bytesMax} bytes that trace file ` +
        `${path} may have: raise --trace-limit.`,
    );
  }

  #tellEnd(endedBy: "full" | "refused"): void {
    const { path, bytesMax, logger } = this.#options;
    const why = endedBy === "full" ? `it has its ${bytesMax} bytes` : "it cannot be written";
    logger.error(`Trace file ${path}: ${why}, so the recording ends here. Service goes on.`);
  }
}
