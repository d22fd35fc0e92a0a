import { latin1Text } from "../../protocol/latin1.ts";
import { type LeaseFileBlock, scanLeases } from "../lease/format/lease-file.ts";
import { hostsOf, type LeaseHosts } from "../lease/format/lease-host.ts";
import type { LeaseTable } from "../lease/table/lease-table.ts";
import { TraceFormatError, type TraceRecord, type TraceSetup } from "./trace-format.ts";

export interface TraceBeginning {
  readonly setup: TraceSetup;
  readonly leases: LeaseTable;
  /** The hosts that the lease file declares. */
  readonly hosts: LeaseHosts;
}

/** The beginning of a trace: the configuration, the leases, and what the system gave the server. */
export class TraceStart {
  readonly #tableFor: (texts: ReadonlyMap<string, string>) => LeaseTable;
  readonly #texts = new Map<string, string>();
  #pieces: string[] = [];
  #configFile: string | undefined;
  /** The other blocks of the lease file, by key. */
  readonly #blocks = new Map<string, LeaseFileBlock>();
  #leases: LeaseTable | undefined;
  /** The unfinished record at the end of the last piece of the lease file. */
  #rest = new Uint8Array(0);

  /** `tableFor` reads the configuration and creates the table for the leases. */
  constructor(tableFor: (texts: ReadonlyMap<string, string>) => LeaseTable) {
    this.#tableFor = tableFor;
  }

  /**
   * Takes the next record. Returns the whole beginning when the record is the setup, which comes last.
   * Throws TraceFormatError.
   */
  take(record: TraceRecord): TraceBeginning | undefined {
    switch (record.kind) {
      case "file":
        this.#endConfigFile();
        if (record.of === "configuration") this.#configFile = record.path;
        else this.#leases = this.#tableFor(this.#texts);
        return undefined;
      case "piece":
        if (this.#leases === undefined) this.#pieces.push(latin1Text(record.bytes));
        else this.#scan(this.#leases, record.bytes, false);
        return undefined;
      case "setup":
        if (this.#leases === undefined) break;
        this.#scan(this.#leases, new Uint8Array(0), true);
        return {
          setup: record.setup,
          leases: this.#leases,
          hosts: hostsOf(this.#blocks.values()),
        };
      default:
    }
    throw new TraceFormatError(`a ${record.kind} record before the start is complete`);
  }

  #endConfigFile(): void {
    if (this.#configFile !== undefined) this.#texts.set(this.#configFile, this.#pieces.join(""));
    this.#pieces = [];
    this.#configFile = undefined;
  }

  /** The recorded server cut off a torn last record when it started, so it is skipped here as well. */
  #scan(leases: LeaseTable, piece: Uint8Array, isLast: boolean): void {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    const { kind, consumed } = scanLeases(bytes, 0, bytes.length, isLast, {
      onLease: (record) => void leases.load(record),
      onBlock: (block) => void this.#blocks.set(block.key, block),
    });
    if (kind === "damaged") throw new TraceFormatError("a lease file that is damaged");
    this.#rest = bytes.slice(consumed);
  }
}
