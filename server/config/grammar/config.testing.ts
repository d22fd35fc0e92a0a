import { type DhcpPacket, decodePacket, encodePacket } from "../../../protocol/dhcp/packet.ts";
import { parseMac } from "../../../protocol/mac.ts";
import type { EvaluationContext } from "../language/program.ts";
import type { ServerConfig } from "../model/model.ts";
import { type Diagnostic, formatDiagnostic } from "../text/diagnostic.ts";
import { parseConfig } from "./parse.ts";

/** Parses a text that must be right. Other files are found in `files`. */
export function configOf(text: string, files: Readonly<Record<string, string>> = {}): ServerConfig {
  const outcome = parseConfig("dhcpd.conf", readerOf(text, files));
  if (outcome.kind === "ok") return outcome.config;
  throw new Error(outcome.diagnostics.map(formatDiagnostic).join("\n"));
}

/** The errors of a text; none when it is right. */
export function errorsOf(text: string, files: Readonly<Record<string, string>> = {}): Diagnostic[] {
  const outcome = parseConfig("dhcpd.conf", readerOf(text, files));
  return outcome.kind === "ok" ? [] : [...outcome.diagnostics];
}

/** The warnings of a text that must be right. */
export function warningsOf(text: string): string[] {
  const outcome = parseConfig("dhcpd.conf", readerOf(text, {}));
  if (outcome.kind === "ok") return outcome.warnings.map(({ message }) => message);
  throw new Error(outcome.diagnostics.map(formatDiagnostic).join("\n"));
}

function readerOf(text: string, files: Readonly<Record<string, string>>) {
  return (path: string): string => {
    if (path === "dhcpd.conf") return text;
    if (Object.hasOwn(files, path)) return files[path];
    throw Object.assign(new Error("not there"), { code: "ENOENT" });
  };
}

export interface TestPacket {
  readonly mac?: string;
  /** Values by code: text stands for its characters. */
  readonly options?: Readonly<Record<number, Uint8Array | string>>;
  readonly file?: string;
}

/** A DISCOVER with these options, decoded from bytes as one from the network is. */
export function packetOf({ mac, options, file }: TestPacket = {}): DhcpPacket {
  const target = new Uint8Array(1500);
  const values = Object.entries(options ?? {}).map(([code, value]) => ({
    code: Number(code),
    value: typeof value === "string" ? bytesOf(value) : value,
  }));
  const end = encodePacket(
    {
      op: 1,
      htype: 1,
      hops: 1,
      xid: 7,
      secs: 0,
      flags: 0,
      ciaddr: 0,
      yiaddr: 0,
      siaddr: 0,
      giaddr: 0x0a200001,
      chaddr: parseMac(mac ?? "02:10:00:00:00:01") as Uint8Array,
      sname: new Uint8Array(0),
      file: bytesOf(file ?? ""),
      options: [{ code: 53, value: Uint8Array.of(1) }, ...values],
    },
    target,
    0,
    { optionBytesMax: 1200, packetBytesMin: 300, overload: false },
  );
  return decodePacket(target.subarray(0, end));
}

export function contextOf(
  packet: TestPacket = {},
  more: Partial<Omit<EvaluationContext, "packet">> = {},
): EvaluationContext & { readonly packet: DhcpPacket } {
  return { packet: packetOf(packet), known: false, ...more };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Option 82 with a remote-id. */
export function remoteId(mac: string): Uint8Array {
  const address = parseMac(mac) as Uint8Array;
  return Uint8Array.of(2, address.length, ...address);
}
