import type { DeviceKind } from "../../scenarios/population/population.ts";
import type { FailureReason } from "../device/exchange.ts";
import type { DownloadProblem } from "./download.ts";
import type { NtpProblem } from "./ntp-client.ts";

/** What a device goes through until it is on line, in the order of the waterfall. */
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
  /** The CMTS admits the modem with what its file says. */
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

/** What is wrong with the contents of a file that arrived as it was sent. */
export type FileFault =
  /** The modem itself finds that the file was changed. */
  | "cm-mic"
  /** The CMTS finds that the file is not its operator's. */
  | "cmts-mic"
  /** Not a file of its kind: a TLV that does not end, an MTA file without its delimiters. */
  | "file-format";

/** What was found when the contents of a file were looked at. */
export type FileVerdict = "right" | FileFault;

/** Why a step went wrong; it is always reported with the step. */
export type BootProblem =
  | `dhcp-${FailureReason}`
  /** The address is none of the population's, so nothing that is sent there would be found. */
  | "address-outside-network"
  /** The lease ended, or the server took it back. */
  | "lease-lost"
  /** The ACK names no server, or no file, for a step that needs it. */
  | "no-server"
  | "no-file"
  /** The name of the file cannot be asked for: too long, or with control characters. */
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

/** The sockets of a device, one a protocol, so that an answer finds the step that it is for. */
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

/** A file that is there, and as long and of the hash as it should be, where that is known. */
export interface DownloadedFile {
  readonly device: number;
  readonly lengthBytes: number;
  /** The number of the server in the device's list: 0 is the primary (TFTP-2). */
  readonly serverIndex: number;
  /** Whether length and hash were known, and so compared. */
  readonly isVerified: boolean;
  /** Whether the MICs or the format were looked at and are right. */
  readonly isContentRight: boolean;
}

/** A device on line that has fetched its file once more. */
export interface FetchedFile extends Attempt {
  readonly fetchedAtMs: number;
}

/** A device that could not fetch its file; it stays on line unless the problem says otherwise. */
export interface FailedFetch extends Omit<FailedBoot, "boots"> {
  readonly step: FetchStep;
}

/** What a fetch consists of, in order. */
export const fetchSteps = ["tftp", "check"] as const satisfies readonly BootStep[];
export type FetchStep = (typeof fetchSteps)[number];

/**
 * What the devices want done and tell, while a call to the chain runs. Of the chain's own methods only
 * `bound` and `addressFailed` may be called back from `acquireAddress`, and `powerOff` from `online`.
 */
export interface BootSink {
  /**
   * The device begins at INIT of DHCP, whatever lease it had. `bound` or `addressFailed` of the chain
   * is the answer.
   */
  acquireAddress(device: number, nowMs: number): void;
  /** A step of a boot is over; those of a fetch are not told. */
  stepEnded(step: EndedStep): void;
  /** A time server's clock minus the device's. */
  clockRead(device: number, service: "time" | "ntp", offsetMs: number): void;
  /** One more copy of a datagram. */
  retransmitted(device: number, service: BootService): void;
  /** An attempt at one server failed: the device goes on with another, or later, or gives up. */
  downloadFailed(device: number, server: number, problem: DownloadProblem): void;
  /** A file is there, in a boot or in a fetch. What is wrong with its contents is reported later. */
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
