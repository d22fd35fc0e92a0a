import type { Logger } from "../../base/log.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { tftpErrorCodes } from "../../protocol/tftp/packet.ts";
import type { UnservedReason } from "./counters.ts";
import type { Refusal } from "./negotiation.ts";
import type { Session } from "./session-table.ts";
import type { TransferEnd } from "./transfer.ts";

/** Forbidden requests are logged even when transfers are not, but a scanner must not fill the disk. */
const warningsPerSecondMax = 10;
const secondMs = 1000;
const nameCharactersMax = 200;
const unservedWords: Readonly<Record<UnservedReason, string>> = {
  network: "it is in no network of tftp.allow",
  budget: "it has acknowledged nothing of what it was sent (tftp.unackedMax)",
  sessions: "it has all the sessions that one address may have (tftp.sessionsPerAddressMax)",
};

/**
 * The lines of TFTP's log (TFTP-7): which client read which file, how it ended, and which requests were
 * refused and why.
 */
export class TransferLog {
  readonly #logger: Logger;
  readonly #logTransfers: boolean;
  readonly #monotonicMs: () => number;
  #countedFromMs = Number.NEGATIVE_INFINITY;
  #warnings = 0;

  constructor(logger: Logger, logTransfers: boolean, monotonicMs: () => number) {
    this.#logger = logger;
    this.#logTransfers = logTransfers;
    this.#monotonicMs = monotonicMs;
  }

  ended(session: Session, end: TransferEnd, nowMs: number): void {
    if (!this.#logTransfers) return;
    const { clientPort, filename, content, startedAtMs, transfer } = session;
    const address = formatIpv4(session.clientAddress);
    const size = content.size === undefined ? "netascii" : `${content.size} bytes`;
    const blocks = `${transfer.blocksSent} blocks (${transfer.blocksRepeated} repeated)`;
    const tookMs = Math.round(nowMs - startedAtMs);
    const to = `${address}:${clientPort}`;
    const what = `${shown(filename)} to ${to}: ${end}, ${size}, ${blocks}, ${tookMs} ms`;
    const fields = { file: filename, address, end, blocks: transfer.blocksSent, tookMs };
    if (end === "completed" || end === "replaced") this.#logger.info(`TFTP sent ${what}`, fields);
    else this.#logger.warn(`TFTP did not finish ${what}`, fields);
  }

  refused(filename: string, clientAddress: number, { code, message }: Refusal): void {
    const isForbidden = code === tftpErrorCodes.accessViolation;
    if (!this.#logTransfers && !isForbidden) return;
    const address = formatIpv4(clientAddress);
    const line = `TFTP refused ${shown(filename)} to ${address}: ${message}`;
    const fields = { file: filename, address };
    if (!isForbidden) this.#logger.info(line, fields);
    else if (this.#mayWarn()) this.#logger.warn(line, fields);
  }

  /** A request that gets no answer. */
  unserved(filename: string, clientAddress: number, reason: UnservedReason): void {
    if (!this.#mayWarn()) return;
    const address = formatIpv4(clientAddress);
    const line = `TFTP did not answer ${address} about ${shown(filename)}: ${unservedWords[reason]}`;
    this.#logger.warn(line, { file: filename, address });
  }

  #mayWarn(): boolean {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#countedFromMs >= secondMs) {
      const unsaid = this.#warnings - warningsPerSecondMax;
      if (unsaid > 0) this.#logger.warn(`TFTP refused or did not answer ${unsaid} more requests.`);
      this.#countedFromMs = nowMs;
      this.#warnings = 0;
    }
    this.#warnings += 1;
    return this.#warnings <= warningsPerSecondMax;
  }
}

/** As JSON, so that a name cannot break a line or look like another message. */
function shown(filename: string): string {
  return JSON.stringify(filename.slice(0, nameCharactersMax));
}
