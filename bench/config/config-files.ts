import { closeSync, openSync, writeSync } from "node:fs";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";

/** A dhcpd.conf to be checked, and whether it should be taken. */
export interface ConfigCase {
  readonly id: string;
  readonly name: string;
  readonly isValid: boolean;
  /** About how long it is. */
  readonly bytes: number;
  /** The file, in pieces. */
  readonly pieces: () => Iterable<string>;
}

const LINES_A_PIECE = 1000;
const head = [
  'class "cm" { match substring (hardware, 1, 6); }',
  'group basic { filename "basic.cfg"; }',
  "subnet 10.0.0.0 netmask 255.0.0.0 { }",
].join("\n");

/** Registrations as a provisioning system prints them: a host, and if asked for its subclass. */
export function* registrations(hosts: number, withSubclasses: boolean): Generator<string> {
  yield `${head}\n`;
  yield* inPieces(hosts, (device) => {
    const mac = macOf(device);
    const host = `host cm-${device} { hardware ethernet ${mac}; group "basic"; }\n`;
    return withSubclasses ? `${host}subclass "cm" ${mac};\n` : host;
  });
}

/** Hosts with an address and options of their own, until so many bytes are written. */
export function* settledHosts(bytes: number): Generator<string> {
  yield `${head}\n`;
  yield* untilBytes(bytes, (device) => {
    const address = formatIpv4(0x0a00_0000 | (device & 0xff_ffff));
    const own = `fixed-address ${address}; option host-name "cm-${device}"; filename "gold.cfg";`;
    return `host cm-${device} { hardware ethernet ${macOf(device)}; ${own} }\n`;
  });
}

/** A semicolon is missing in every line. */
export function* brokenHosts(bytes: number): Generator<string> {
  yield* untilBytes(
    bytes,
    (device) => `host cm-${device} { hardware ethernet ${macOf(device)} }\n`,
  );
}

function macOf(device: number): string {
  return formatMac(Uint8Array.of(2, device >>> 24, device >>> 16, device >>> 8, device, 1));
}

function* inPieces(count: number, line: (index: number) => string): Generator<string> {
  for (let first = 0; first < count; first += LINES_A_PIECE) {
    const lines = Math.min(LINES_A_PIECE, count - first);
    yield Array.from({ length: lines }, (_, index) => line(first + index)).join("");
  }
}

function* untilBytes(bytes: number, line: (index: number) => string): Generator<string> {
  let written = 0;
  for (const piece of inPieces(Number.MAX_SAFE_INTEGER, line)) {
    yield piece;
    written += piece.length;
    if (written >= bytes) return;
  }
}

const MEGABYTE = 1_000_000;

/** PERF-1's 80,000 devices, a million, and files of 100 MB, good and bad. */
export const fullCases: readonly ConfigCase[] = [
  {
    id: "80k",
    name: "80,000 hosts and 80,000 subclasses",
    ...{ isValid: true, bytes: 8 * MEGABYTE },
    pieces: () => registrations(80_000, true),
  },
  {
    id: "1m",
    name: "1,000,000 hosts",
    ...{ isValid: true, bytes: 70 * MEGABYTE },
    pieces: () => registrations(1_000_000, false),
  },
  {
    id: "100mb",
    name: "100 MB of hosts with options",
    ...{ isValid: true, bytes: 100 * MEGABYTE },
    pieces: () => settledHosts(100 * MEGABYTE),
  },
  {
    id: "100mb-broken",
    name: "100 MB, a mistake in every line",
    ...{ isValid: false, bytes: 100 * MEGABYTE },
    pieces: () => brokenHosts(100 * MEGABYTE),
  },
];

/** Writes the file and returns its length in bytes. */
export function writeCase(path: string, { pieces }: ConfigCase): number {
  const file = openSync(path, "w");
  let bytes = 0;
  try {
    for (const piece of pieces()) bytes += writeSync(file, piece);
  } finally {
    closeSync(file);
  }
  return bytes;
}
