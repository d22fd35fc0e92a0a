import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One line of what tshark shows of a packet. */
export interface DissectedField {
  /** As in a display filter: `docsis_tlv.maxcpe`; empty for a heading. */
  readonly name: string;
  /** The value, or the text of a heading. */
  readonly show: string;
  /** The bytes that it was read from, hexadecimal. */
  readonly hex: string;
  readonly fields: readonly DissectedField[];
}

/** Dissectors that tshark has and that are compared with ours here. */
export type Dissector = "docsis_tlv" | "snmp";

const LINKTYPE_WIRESHARK_UPPER_PDU = 252;
const DISSECTOR_NAME_TAG = 12;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const RUN_MS_MAX = 60_000;

/** Why nothing can be dissected here; undefined when it can. */
export function missingTshark(): string | undefined {
  const { error } = spawnSync("tshark", ["--version"], { stdio: "ignore" });
  return error === undefined ? undefined : "not installed: tshark";
}

/** What the dissector makes of each of these packets. Throws when tshark fails. */
export function dissect(
  dissector: Dissector,
  packets: readonly Uint8Array[],
): readonly (readonly DissectedField[])[] {
  // Preferences of whoever runs the tests stay out of it.
  const folder = mkdtempSync(join(tmpdir(), "provlab-tshark-"));
  try {
    const capture = join(folder, "packets.pcap");
    writeFileSync(capture, captureOf(dissector, packets));
    const ran = spawnSync("tshark", ["-n", "-r", capture, "-T", "pdml"], {
      encoding: "utf8",
      env: { ...process.env, WIRESHARK_CONFIG_DIR: folder },
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: RUN_MS_MAX,
    });
    if (ran.error !== undefined) throw ran.error;
    if (ran.status !== 0) throw new Error(`tshark ended with ${ran.status}: ${ran.stderr}`);
    return packetsOf(ran.stdout).map(
      (protocols) => protocols.find(({ name }) => name === dissector)?.fields ?? [],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A pcap file whose packets say which dissector they are for, and so need no frames, addresses or
 * checksums around them (LINKTYPE_WIRESHARK_UPPER_PDU).
 */
function captureOf(dissector: Dissector, packets: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2_c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(LINKTYPE_WIRESHARK_UPPER_PDU, 20);
  const nameBytes = Math.ceil(dissector.length / 4) * 4;
  // Type, length, name; then the end mark, which is a tag of zeros.
  const tags = Buffer.alloc(4 + nameBytes + 4);
  tags.writeUInt16BE(DISSECTOR_NAME_TAG, 0);
  tags.writeUInt16BE(nameBytes, 2);
  tags.write(dissector, 4, "latin1");
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(tags.length + packet.length, 8);
    record.writeUInt32LE(tags.length + packet.length, 12);
    return [record, tags, packet];
  });
  return Buffer.concat([head, ...records]);
}

interface OpenField extends DissectedField {
  readonly fields: OpenField[];
}

/** The protocols of each packet in a PDML document as tshark writes it. */
function packetsOf(pdml: string): DissectedField[][] {
  const packets: OpenField[][] = [];
  const open: OpenField[][] = [];
  for (const [, end, element, attributes, isEmpty] of pdml.matchAll(
    /<(\/?)(packet|proto|field)\b([^>]*?)(\/?)>/g,
  )) {
    if (end === "/") {
      open.pop();
      continue;
    }
    const fields: OpenField[] = [];
    if (element === "packet") packets.push(fields);
    else open.at(-1)!.push({ ...attributesOf(attributes!), fields });
    if (isEmpty === "") open.push(fields);
  }
  return packets;
}

function attributesOf(text: string): Omit<DissectedField, "fields"> {
  const found = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/(\w+)="([^"]*)"/g)) found.set(name!, value!);
  const read = (name: string): string => unescapeXml(found.get(name) ?? "");
  return { name: read("name"), show: read("show"), hex: read("value") };
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|(\w+));/gi, (whole, code, name) =>
    code === undefined
      ? (entities[name] ?? whole)
      : String.fromCodePoint(Number.parseInt(code, 16)),
  );
}
