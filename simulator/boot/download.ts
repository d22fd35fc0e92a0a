import type { TransferOptions } from "../../protocol/tftp/options.ts";
import type { FileExpectation } from "./file-hash.ts";
import { checkStepRetry, type StepRetry, type StepServer, type StepWire } from "./step.ts";

/** What a device is to fetch. One object may serve any number of devices. */
export interface DownloadRequest {
  readonly filename: string;
  /** In the order in which they are asked, the primary first. */
  readonly servers: readonly StepServer[];
  /** What the file must be; undefined when that is unknown, and then only the transfer is checked. */
  readonly expected?: FileExpectation;
  /** Whether the contents are wanted when the file is there. */
  readonly keepContent?: boolean;
}

/** Why one attempt at one server failed. */
export const downloadProblems = [
  /** No answer to any copy of the request. */
  "no-answer",
  /** The server answered, then stopped. */
  "stalled",
  /** ERROR 1. */
  "not-found",
  /** ERROR 2. */
  "access-violation",
  /** ERROR 8, although no option was asked for any more. */
  "options-refused",
  /** Any other ERROR. */
  "server-error",
  /** A packet that no server may send: a block longer than agreed, a request. */
  "bad-packet",
  /** More bytes than a device has room for, or than the server announced. */
  "too-long",
  /** The file ended, and was not as long as expected or announced. */
  "wrong-length",
  /** As long as expected, but another file. */
  "wrong-hash",
] as const;
export type DownloadProblem = (typeof downloadProblems)[number];

export interface DownloadPolicy {
  /** Options to ask for; without any, the request is plain RFC 1350. */
  readonly options: TransferOptions;
  readonly retry: StepRetry;
  /** How often the device tries its whole list of servers before it gives up. */
  readonly roundsMax: number;
  /** The wait before the second and later rounds. */
  readonly roundWaitMs: number;
  /** How long a device that has its file still acknowledges a repeated last block. */
  readonly dallyMs: number;
  /** A longer file is not taken. */
  readonly fileBytesMax: number;
  /** What follows block 65,535. Servers differ; RFC 1350 does not say. */
  readonly blockAfterLast: 0 | 1;
  /** Contents longer than this are not kept. */
  readonly contentBytesMax: number;
  /** Contents kept at once; a download beyond this is checked, but not kept. */
  readonly contentsMax: number;
}

/**
 * The retries of a DOCSIS modem: waits of 1 to 16 s, 16 requests, three downloads from each server.
 * We remember these from Annex B of MULPI, without a public source. Its wait of 10 minutes between two
 * rounds is 10 s here, because a device that has failed three times boots again anyway. A block fills one
 * Ethernet frame, and a window is one block, as in RFC 1350. Like modems, the request asks for `tsize`.
 */
export const docsisDownload: DownloadPolicy = {
  options: { blksize: 1428, tsize: 0 },
  retry: { firstRetryMs: 1000, maxRetryMs: 16_000, jitter: 0.1, triesMax: 16 },
  roundsMax: 3,
  roundWaitMs: 10_000,
  dallyMs: 10_000,
  fileBytesMax: 64 * 2 ** 20,
  blockAfterLast: 0,
  contentBytesMax: 8192,
  contentsMax: 16_384,
};

/** A window may take half of the 16-bit block numbers, or a repeated block would look like a new one. */
const WINDOW_BLOCKS_MAX = 0x4000;

/** Throws RangeError for a policy that cannot work, and names the field. */
export function checkDownloadPolicy(policy: DownloadPolicy): void {
  checkStepRetry("download retry", policy.retry);
  const { windowsize } = policy.options;
  if (windowsize !== undefined && !(windowsize >= 1 && windowsize <= WINDOW_BLOCKS_MAX)) {
    throw new RangeError(`windowsize ${windowsize} is not 1 to ${WINDOW_BLOCKS_MAX}`);
  }
  const least = {
    roundsMax: 1,
    roundWaitMs: 0,
    dallyMs: 0,
    fileBytesMax: 0,
    contentBytesMax: 0,
    contentsMax: 0,
  } as const;
  for (const name of Object.keys(least) as (keyof typeof least)[]) {
    const value = policy[name];
    if (!(value >= least[name] && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`download ${name} is ${value}; give ${least[name]} or more`);
    }
  }
  if (policy.roundsMax > 255) throw new RangeError("download roundsMax is 255 at most");
}

/** How a download ended, and what it took. All times are on the scale of `nowMs`. */
export interface DownloadResult {
  readonly local: number;
  /** Undefined when the file is there and is the right one; else the problem of the last attempt. */
  readonly problem?: DownloadProblem;
  /** The server of the last attempt. */
  readonly server: number;
  /** Its number in the request's list: 0 is the primary. */
  readonly serverIndex: number;
  readonly lengthBytes: number;
  /** What the file had to be; undefined when that was unknown. */
  readonly expected?: FileExpectation;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** The contents when they were asked for and there was room: a view, good during the call. */
  readonly content?: Uint8Array;
}

export interface DownloadSink extends StepWire {
  /** The download is over, one way or the other. */
  downloaded(result: DownloadResult): void;
  /** One attempt failed and another follows. */
  attemptFailed(local: number, server: number, problem: DownloadProblem): void;
}
