import {
  acceptReadOptions,
  listTransferOptions,
  parseReadOptions,
  transferDefaults,
} from "../../protocol/tftp/options.ts";
import { type TftpRequest, tftpErrorCodes } from "../../protocol/tftp/packet.ts";
import { type TransferSettings, wholeRetriesMax } from "./transfer.ts";

/** What a server grants and how long it waits. Times are milliseconds. */
export interface TransferPolicy {
  readonly blockBytesMax: number;
  readonly windowBlocksMax: number;
  /** Bounds how much one ACK can trigger, whatever the block size. */
  readonly windowBytesMax: number;
  /** Time before the first repetition (TFTP-4), unless the client sets another one. */
  readonly retryMs: number;
  readonly sessionMs: number;
  readonly unansweredMs: number;
  /** How often the first packet is repeated before the client has answered. */
  readonly unackedRetriesMax: number;
}

/** A refusal as it is sent. */
export interface Refusal {
  readonly kind: "refused";
  readonly code: number;
  readonly message: string;
}

export function refusal(code: number, message: string): Refusal {
  return { kind: "refused", code, message };
}

export type Agreement = { readonly kind: "agreed"; readonly settings: TransferSettings } | Refusal;

/** RFC 1123 section 4.2.3.2 asks for back-off; a device never waits longer than this for a block. */
const retryMsMax = 20_000;
const lastRetriesMax = 3;
const secondMs = 1000;

/**
 * Agrees on the terms of a transfer. Unknown options are left out of the answer (RFC 2347); known options
 * with an impossible value refuse the request. `fileBytes` is undefined when the size is not known.
 */
export function agreeOnTransfer(
  request: TftpRequest,
  fileBytes: number | undefined,
  policy: TransferPolicy,
): Agreement {
  const parsed = parseReadOptions(request.options);
  if (parsed.kind === "refused") {
    const { option, reason } = parsed;
    const message = `option ${option.name} is ${reason}`.slice(0, 100);
    return refusal(tftpErrorCodes.optionRefused, message);
  }
  const asked = parsed.options;
  const blockBytes = Math.min(asked.blksize ?? transferDefaults.blksize, policy.blockBytesMax);
  const windowInBytes = Math.max(1, Math.floor(policy.windowBytesMax / blockBytes));
  const accepted = acceptReadOptions(asked, {
    blksizeMax: policy.blockBytesMax,
    windowsizeMax: Math.min(policy.windowBlocksMax, windowInBytes),
    // curl rejects a packet with a tsize of 0; leaving an option out is always allowed.
    ...(fileBytes === undefined || fileBytes === 0 ? {} : { fileBytes }),
  });
  const optionAck = listTransferOptions(accepted);
  // A timeout that the client sets is its own schedule (RFC 2349), as long as the client may still be there.
  const isOwn = accepted.timeout !== undefined;
  const retryMs = isOwn ? accepted.timeout * secondMs : policy.retryMs;
  return {
    kind: "agreed",
    settings: {
      blockBytes: accepted.blksize ?? transferDefaults.blksize,
      windowBlocks: accepted.windowsize ?? transferDefaults.windowsize,
      optionAck: optionAck.length === 0 ? undefined : optionAck,
      retryMs,
      evenRetries: isOwn ? wholeRetriesMax : 0,
      retryMsMax: Math.max(retryMs, retryMsMax),
      sessionMs: policy.sessionMs,
      unansweredMs: policy.unansweredMs,
      unackedRetriesMax: policy.unackedRetriesMax,
      lastRetriesMax,
    },
  };
}
