import {
  BLOCK_BYTES_DEFAULT,
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  type TftpOption,
} from "./packet.ts";

/** The options we know, by their names on the wire; absent when not given. */
export interface TransferOptions {
  /** Bytes a block (RFC 2348). */
  readonly blksize?: number;
  /** Seconds until a retransmission (RFC 2349). */
  readonly timeout?: number;
  /** Bytes of the whole file; 0 in a read request asks for it (RFC 2349). */
  readonly tsize?: number;
  /** Blocks before an ACK (RFC 7440). */
  readonly windowsize?: number;
}

export type ParsedTransferOptions =
  | { readonly kind: "ok"; readonly options: TransferOptions }
  | { readonly kind: "refused"; readonly option: TftpOption; readonly reason: string };

type OptionName = keyof TransferOptions;

const ranges: Readonly<Record<OptionName, { readonly min: number; readonly max: number }>> = {
  blksize: { min: BLOCK_BYTES_MIN, max: BLOCK_BYTES_MAX },
  timeout: { min: 1, max: 255 },
  tsize: { min: 0, max: Number.MAX_SAFE_INTEGER },
  windowsize: { min: 1, max: 65_535 },
};

const isKnown = (name: string): name is OptionName => Object.hasOwn(ranges, name);

/** Parses a number as RFC 2348 wants it: ASCII digits, no sign, no leading zero. */
function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  return Number(text);
}

/**
 * Reads the options of a request or an OACK. Unknown names are left out, as RFC 2347 asks. A value out of
 * its range, or a repeated name, refuses the whole list; the caller answers with error 8.
 */
export function parseTransferOptions(options: readonly TftpOption[]): ParsedTransferOptions {
  const parsed: { -readonly [name in OptionName]?: number } = {};
  for (const option of options) {
    const { name, value } = option;
    if (!isKnown(name)) continue;
    if (parsed[name] !== undefined) return { kind: "refused", option, reason: "given twice" };
    const { min, max } = ranges[name];
    const number = parseDecimal(value);
    if (number === undefined) return { kind: "refused", option, reason: "not a decimal number" };
    if (number < min || number > max) {
      return { kind: "refused", option, reason: `not in ${min} to ${max}` };
    }
    parsed[name] = number;
  }
  return { kind: "ok", options: parsed };
}

/**
 * The same for a read request. There `tsize` is only a question (RFC 2349), so its value does not matter:
 * the manual of atftp makes it "enable".
 */
export function parseReadOptions(options: readonly TftpOption[]): ParsedTransferOptions {
  return parseTransferOptions(
    options.map((option) => (option.name === "tsize" ? { ...option, value: "0" } : option)),
  );
}

/** The options as a packet carries them, in a fixed order; the inverse of parseTransferOptions. */
export function listTransferOptions(options: TransferOptions): TftpOption[] {
  const list: TftpOption[] = [];
  for (const name of ["blksize", "timeout", "tsize", "windowsize"] as const) {
    const value = options[name];
    if (value !== undefined) list.push({ name, value: String(value) });
  }
  return list;
}

export interface TransferLimits {
  readonly blksizeMax: number;
  readonly windowsizeMax: number;
  /** Size of the file to be read; undefined when it is not known before the transfer. */
  readonly fileBytes?: number;
}

/**
 * A server's answer to a read request: `blksize` and `windowsize` may shrink, `timeout` is echoed,
 * `tsize` becomes the size of the file or is left out. When the answer is empty, send no OACK.
 */
export function acceptReadOptions(
  requested: TransferOptions,
  { blksizeMax, windowsizeMax, fileBytes }: TransferLimits,
): TransferOptions {
  const { blksize, timeout, tsize, windowsize } = requested;
  return {
    ...(blksize === undefined ? {} : { blksize: Math.min(blksize, blksizeMax) }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(tsize === undefined || fileBytes === undefined ? {} : { tsize: fileBytes }),
    ...(windowsize === undefined ? {} : { windowsize: Math.min(windowsize, windowsizeMax) }),
  };
}

/**
 * Why a client must reject this OACK with error 8 (an option that it did not request, a larger block or
 * window, another timeout); undefined when it may go on.
 */
export function optionAckFault(
  requested: TransferOptions,
  answered: TransferOptions,
): string | undefined {
  for (const name of ["blksize", "timeout", "tsize", "windowsize"] as const) {
    const answer = answered[name];
    const request = requested[name];
    if (answer === undefined) continue;
    if (request === undefined) return `${name} was not asked for`;
    if (name === "tsize") continue;
    if (name === "timeout" ? answer !== request : answer > request) {
      return `${name} ${request} was answered by ${answer}`;
    }
  }
  return undefined;
}

/** Values of options that were not negotiated (RFC 1350); the timeout is then the sender's own. */
export const transferDefaults = { blksize: BLOCK_BYTES_DEFAULT, windowsize: 1 } as const;
