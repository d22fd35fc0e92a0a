import type { DeviceKind } from "../../scenarios/population/population.ts";
import type { FailureReason } from "../device/exchange.ts";
import type { DownloadProblem } from "./download.ts";
import type { NtpProblem } from "./ntp-client.ts";

/** The steps of a device until it is on line, in the order of the waterfall. */
export const bootSteps = [
  /** Waits until its modem is on line, and then for its own start. */
  "modem",
  /** Finds its CMTS. */
  "ranging",
  "dhcp",
  /** RFC 868; a device goes on without it (TIME-5). */
  "time",
  "ntp",
  "tftp",
  /** Looks at what it has fetched. */
  "check",
  /** The CMTS admits the modem on the terms of its file. */
  "registration",
  "syslog",
] as const;
export type BootStep = (typeof bootSteps)[number];

/** The steps of each kind of device (the guide's SYS-5, TIME-5, SM-1). */
export const bootPrograms: Readonly<Record<DeviceKind, readonly BootStep[]>> = {
  "cable-modem": ["ranging", "dhcp", "time", "tftp", "check", "registration"],
  mta: ["modem", "dhcp", "tftp", "check"],
  cpe: ["modem", "dhcp"],
  "smart-meter": ["dhcp", "ntp", "tftp", "check", "syslog"],
};

/** What is wrong with the contents of a file that arrived undamaged. */
export type FileFault =
  /** The modem itself finds that the file was changed. */
  | "cm-mic"
  /** The CMTS finds that the file is not from its operator. */
  | "cmts-mic"
  /** Not a file of its kind: a TLV that does not end, an MTA file without its delimiters. */
  | "file-format";

/** The result of a look at the contents of a file. */
export type FileVerdict = "right" | FileFault;

/** Why a step failed; always reported with the step. */
export type BootProblem =
  | `dhcp-${FailureReason}`
  /** The address is outside the population's block, so datagrams to it would find no device. */
  | "address-outside-network"
  /** The lease ended, or the server took it back. */
  | "lease-lost"
  /** The ACK names no server, or no file, for a step that needs it. */
  | "no-server"
  | "no-file"
  /** The file's name is too long for a request, or has control characters. */
  | "bad-file-name"
  | DownloadProblem
  | NtpProblem
  | FileFault
  /** The CMTS never heard the modem. */
  | "cmts-timeout"
  /** The modem of an MTA or CPE gave up, or went down. */
  | "modem-failed"
  | "modem-lost"
  /** Only for a fetch: the device itself was switched off. */
  | "power-off";

/** The protocols after DHCP. Each has a socket of its own, so an answer finds its step. */
export const bootServices = ["tftp", "time", "ntp", "syslog"] as const;
export type BootService = (typeof bootServices)[number];

/** A device that boots or fetches. */
interface Attempt {
  readonly device: number;
  /** When the schedule wanted it to start: time to on line counts from here. */
  readonly intendedAtMs: number;
  readonly startedAtMs: number;
}

/** A step of a boot that is over. */
export interface EndedStep extends Attempt {
  readonly step: BootStep;
  /**
   * `passed-over`: an optional step went wrong, and the device goes on without it (TIME-5). `failed`: the
   * boot ends with it.
   */
  readonly end: "done" | "passed-over" | "failed";
  /** Undefined when it is done. */
  readonly problem: BootProblem | undefined;
  readonly endedAtMs: number;
}

export interface OnlineDevice extends Attempt {
  readonly onlineAtMs: number;
  /** Boots that this took, the successful one included. */
  readonly boots: number;
}

export interface FailedBoot extends Attempt {
  readonly step: BootStep;
  readonly problem: BootProblem;
  readonly failedAtMs: number;
  readonly boots: number;
}

/** A file that has arrived. Where the right length and hash are known, it has them. */
export interface DownloadedFile {
  readonly device: number;
  readonly lengthBytes: number;
  /** The number of the server in the device's list: 0 is the primary (TFTP-2). */
  readonly serverIndex: number;
  /** Whether length and hash were known, and therefore compared. */
  readonly isVerified: boolean;
  /** Whether the MICs or the format were looked at and are right. */
  readonly isContentRight: boolean;
}

/** A device on line that has fetched its file once more. */
export interface FetchedFile extends Attempt {
  readonly fetchedAtMs: number;
}

/** A fetch that failed. The device stays on line unless the problem says otherwise. */
export interface FailedFetch extends Omit<FailedBoot, "boots"> {
  readonly step: FetchStep;
}

/** What a fetch consists of, in order. */
export const fetchSteps = ["tftp", "check"] as const satisfies readonly BootStep[];
export type FetchStep = (typeof fetchSteps)[number];

/**
 * The devices' wishes and news, told while a call to the chain runs. Only these methods of the chain may
 * be called meanwhile: `bound` and `addressFailed` within `acquireAddress`, and `powerOff` within `online`.
 */
export interface BootSink {
  /**
   * The device begins DHCP at INIT, even if it had a lease. Answer with `bound` or `addressFailed` of the
   * chain.
   */
  acquireAddress(device: number, nowMs: number): void;
  /** A step of a boot is over. Steps of a fetch are not reported. */
  stepEnded(step: EndedStep): void;
  /** A time server's clock minus the device's. */
  clockRead(device: number, service: "time" | "ntp", offsetMs: number): void;
  /** One more copy of a datagram. */
  retransmitted(device: number, service: BootService): void;
  /** An attempt at one server failed: the device goes on with another, or later, or gives up. */
  downloadFailed(device: number, server: number, problem: DownloadProblem): void;
  /** A file has arrived, in a boot or a fetch. A fault of its contents is reported later. */
  downloaded(file: DownloadedFile): void;
  online(device: OnlineDevice): void;
  /** The device was on line and is no longer; it boots again. */
  offline(device: number, problem: BootProblem): void;
  /** The boot failed, another follows after a pause. */
  rebooting(boot: FailedBoot): void;
  /** The device has given up. */
  failed(boot: FailedBoot): void;
  /** A fetch is over, in one of two ways. */
  fetched(file: FetchedFile): void;
  fetchFailed(fetch: FailedFetch): void;
}
