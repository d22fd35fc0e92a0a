import type { DeviceKind } from "../../scenarios/population.ts";
import type { FailureReason } from "../exchange.ts";
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

/** Why a step went wrong; the step is always told with it. */
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
  | "modem-lost";

/** The sockets of a device, one a protocol, so that an answer finds the step that it is for. */
export const bootServices = ["tftp", "time", "ntp", "syslog"] as const;
export type BootService = (typeof bootServices)[number];

export interface OnlineDevice {
  readonly device: number;
  /** When the schedule wanted it to start: time to on line counts from here. */
  readonly intendedAtMs: number;
  readonly startedAtMs: number;
  readonly onlineAtMs: number;
  /** Boots that this took, the successful one included. */
  readonly boots: number;
}

export interface FailedBoot {
  readonly device: number;
  readonly step: BootStep;
  readonly problem: BootProblem;
  readonly intendedAtMs: number;
  readonly startedAtMs: number;
  readonly failedAtMs: number;
  readonly boots: number;
}

/**
 * What the devices want done and tell, while a call to the chain runs. Of the chain's own methods only
 * `bound` and `addressFailed` may be called back from `acquireAddress`, and `powerOff` from `online`.
 */
export interface BootSink {
  /** Room for the next datagram of a service: STEP_PACKET_BYTES_MAX or more. */
  buffer(service: BootService): Uint8Array;
  /** Send the first `length` bytes of that buffer from the device's own address. */
  send(
    service: BootService,
    source: number,
    length: number,
    destination: number,
    port: number,
  ): void;
  /**
   * The device begins at INIT of DHCP, whatever lease it had. `bound` or `addressFailed` of the chain
   * is the answer.
   */
  acquireAddress(device: number, intendedAtMs: number, nowMs: number): void;
  /** A step is over. With a problem the device goes on only where the step is optional. */
  stepEnded(
    device: number,
    step: BootStep,
    problem: BootProblem | undefined,
    startedAtMs: number,
    endedAtMs: number,
  ): void;
  /** A time server's clock minus the device's. */
  clockRead(device: number, service: "time" | "ntp", offsetMs: number): void;
  /** One more copy of a datagram. */
  retransmitted(device: number, service: BootService): void;
  /** A download from one server failed and goes on with another, or later. */
  downloadFailed(device: number, server: number, problem: DownloadProblem, atMs: number): void;
  /** The right file is there, from server number `serverIndex` of its list. */
  downloaded(device: number, lengthBytes: number, serverIndex: number, atMs: number): void;
  online(device: OnlineDevice): void;
  /** The device was on line and is no longer; it boots again. */
  offline(device: number, problem: BootProblem, atMs: number): void;
  /** The boot failed, another follows after a pause. */
  rebooting(boot: FailedBoot): void;
  /** The device has given up. */
  failed(boot: FailedBoot): void;
}
