import { encodeNtp, NtpMode, ntpTimestampOf, ntpTimestampZero } from "../../protocol/ntp/packet.ts";
import { encodeReadRequest } from "../../protocol/tftp/packet.ts";
import type { DeviceKind } from "../../scenarios/population/population.ts";
import type { BootParameters } from "../boot/boot-parameters.ts";
import { type BootService, bootPrograms } from "../boot/boot-step.ts";

/** The services of a boot that answer; nobody answers to Syslog. */
export type AskedService = Exclude<BootService, "syslog">;

/** One datagram to one server, from the address that a device was offered. */
export interface Question {
  readonly service: AskedService;
  readonly server: number;
  readonly source: number;
  readonly bytes: Uint8Array;
}

const QUESTION_BYTES_MAX = 600;

/** What a device of the kind would ask first of each service that its OFFER names. */
export function questionsOf(
  kind: DeviceKind,
  offer: BootParameters,
  unixMs: number,
): readonly Question[] {
  const { address: source, timeServers, ntpServers, tftpServers, filename } = offer;
  const asked: Readonly<Record<AskedService, readonly [servers: readonly number[], Uint8Array]>> = {
    time: [timeServers, new Uint8Array(0)],
    ntp: [ntpServers, ntpQuestion(unixMs)],
    tftp: [filename === "" ? [] : tftpServers, readRequest(filename)],
  };
  const steps: readonly string[] = bootPrograms[kind];
  return (["time", "ntp", "tftp"] as const)
    .filter((service) => steps.includes(service))
    .flatMap((service) => {
      const [servers, bytes] = asked[service];
      return servers.map((server) => ({ service, server, source, bytes }));
    });
}

function readRequest(filename: string): Uint8Array {
  const bytes = new Uint8Array(QUESTION_BYTES_MAX);
  const request = { filename: filename || "-", mode: "octet" } as const;
  return bytes.subarray(0, encodeReadRequest(bytes, 0, request));
}

function ntpQuestion(unixMs: number): Uint8Array {
  const bytes = new Uint8Array(QUESTION_BYTES_MAX);
  const zero = ntpTimestampZero;
  const packet = {
    ...{ leap: 0, version: 4, mode: NtpMode.client, stratum: 0, poll: 0, precision: 0 },
    ...{ rootDelaySeconds: 0, rootDispersionSeconds: 0, referenceId: 0 },
    ...{ reference: zero, originate: zero, receive: zero, transmit: ntpTimestampOf(unixMs) },
  };
  return bytes.subarray(0, encodeNtp(packet, bytes, 0));
}
