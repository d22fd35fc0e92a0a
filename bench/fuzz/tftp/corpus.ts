import {
  encodeAck,
  encodeData,
  encodeError,
  encodeOptionAck,
  TftpOpcode,
} from "../../../protocol/tftp/packet.ts";
import type { TftpRoot } from "./served-root.ts";

export interface TftpCorpus {
  /** Packets for the port of requests: good ones and every kind of trick. */
  readonly requests: readonly Uint8Array[];
  /** Packets for the port of a transfer. */
  readonly transferPackets: readonly Uint8Array[];
}

type Options = readonly (readonly [string, string])[];

/** Options that a server must agree to, shrink, leave out or refuse, and then send nothing larger. */
export const absurdOptions: readonly Options[] = [
  ...["blksize=0", "blksize=7", "blksize=8", "blksize=65464", "blksize=65465", "blksize=-1"],
  ...["blksize=1000000000", "blksize=99999999999999999999999999", "blksize=+512", "blksize=0512"],
  ...["blksize=0x200", "blksize=1e3", "blksize=NaN", "blksize= 512", "blksize=", "blksize=٥١٢"],
  ...["blksize=512&blksize=1024", "blksize=512&BLKSIZE=65464"],
  ...["windowsize=0", "windowsize=65535", "windowsize=65536", "windowsize=-1"],
  ...["blksize=65464&windowsize=65535", "blksize=8&windowsize=65535"],
  ...["tsize=0", "tsize=99999999999999999999", "tsize=-5", "timeout=0", "timeout=1", "timeout=255"],
  ...["timeout=256", "timeout=0.001", "timeout=3&timeout=3", "utimeout=1", "multicast="],
  ...["rollover=1", "__proto__=1", "constructor=x", "toString=y", "hasOwnProperty=1"],
  "blksize=1428&no-such-option=yes&windowsize=4&tsize=0&timeout=7",
  Array.from({ length: 32 }, (_, index) => `o${index}=1`).join("&"),
  Array.from({ length: 60 }, (_, index) => `o${index}=1`).join("&"),
  Array.from({ length: 60 }, () => "tsize=0").join("&"),
].map((list) =>
  list.split("&").map((option) => {
    const [name = "", value = ""] = option.split("=");
    return [name, value] as const;
  }),
);

const modes = ["octet", "OcTeT", "netascii", "NETASCII", "mail", "binary", "", "octet ", "oct"];

/** Ways of writing a path that leads out of the root; bytes, for not all of them are text. */
export function escapeNames(outsideFile: string): Uint8Array[] {
  const below = outsideFile.replace(/^\/+/, "");
  const tail = "outside/canary.txt";
  const dots = ["..", "..", "..", "..", "..", "..", "..", ".."].join("/");
  const names = [
    ...[`../${tail}`, "../root-secret/canary.txt", `/../${tail}`, `//../${tail}`, `./../${tail}`],
    ...[`mta/../../${tail}`, `mta/./.././../${tail}`, `mta/up/${tail}`],
    ...[`${dots}/${below}`, `${dots}/etc/passwd`, outsideFile, `/${outsideFile}`],
    ...[
      `file://${outsideFile}`,
      `${outsideFile}/`,
      "/etc/passwd",
      "/proc/self/environ",
      "/dev/zero",
    ],
    ...["..", ".", "/", "//", "./", "../", "...", ".../...", `....//${tail}`, `..;/${tail}`],
    ...[`..\\${tail.replace("/", "\\")}`, `..\\/${tail}`, `mta\\..\\..\\${tail}`],
    ...[`C:\\${tail}`, `\\\\localhost\\${tail}`, `%2e%2e/${tail}`, `%2e%2e%2f${tail}`],
    ...[`..%2f${tail}`, `%252e%252e%252f${tail}`, `..%c0%af${tail}`, `..%00/${tail}`],
    ...[`cm-1.0.cfg/../../${tail}`, "cm-1.0.cfg/", "cm-1.0.cfg/.", `~/${tail}`, `~root/${tail}`],
    ...[
      `$HOME/${tail}`,
      `|cat ${outsideFile}`,
      "-rf",
      `․․/${tail}`,
      `．．／${tail}`,
      `..／${tail}`,
    ],
    ...[`\u202e/${tail}`, `${"../".repeat(100)}${below}`, `${"./".repeat(200)}../${tail}`],
    ...["a".repeat(255), "a".repeat(256), "a".repeat(470), "a/".repeat(235), "ü".repeat(235)],
  ].map(utf8);
  // Not UTF-8: an overlong `.` and `/`, a lone continuation byte, half a pair, Latin-1.
  const bytes: readonly (readonly number[])[] = [
    [0xc0, 0xae, 0xc0, 0xae, 0x2f],
    [0x2e, 0x2e, 0xc0, 0xaf],
    [0xe0, 0x80, 0xae, 0xe0, 0x80, 0xae, 0x2f],
    [0x80, 0x2e, 0x2e, 0x2f],
    [0xed, 0xa0, 0x80, 0x2f, 0x2e, 0x2e, 0x2f],
    [0xff, 0xfe, 0x2e, 0x2e, 0x2f],
    [0x2e, 0x2e, 0x2f, 0x67, 0x72, 0xf6, 0xdf, 0x65],
    [0x2e, 0x2e, 0x0a, 0x2f],
    [0x2e, 0x2e, 0x7f, 0x2f],
    [0x1b, 0x5b, 0x32, 0x4a],
  ];
  return [...names, ...bytes.map((head) => Uint8Array.from([...head, ...utf8(tail)]))];
}

/** Everything that a client of a served folder, or an attacker, may send; the same root, the same packets. */
export function corpusOf({
  files,
  traps,
  canaryFile,
}: Pick<TftpRoot, "files" | "traps" | "canaryFile">): TftpCorpus {
  const known = [...files.keys()].map(utf8);
  const good = known.flatMap((name) => [
    rawRequest(TftpOpcode.readRequest, name, "octet", []),
    rawRequest(TftpOpcode.readRequest, name, "netascii", [["windowsize", "4"]]),
    rawRequest(TftpOpcode.readRequest, name, "octet", [
      ["blksize", "1428"],
      ["tsize", "0"],
    ]),
  ]);
  const wrongNames = [...traps.map(utf8), ...escapeNames(canaryFile)];
  const escapes = wrongNames.flatMap((name) => [
    rawRequest(TftpOpcode.readRequest, name, "octet", []),
    rawRequest(TftpOpcode.readRequest, name, "netascii", [["blksize", "65464"]]),
    rawRequest(TftpOpcode.writeRequest, name, "octet", []),
  ]);
  const options = absurdOptions.flatMap((list, index) => [
    rawRequest(TftpOpcode.readRequest, known[index % known.length], "octet", list),
    rawRequest(TftpOpcode.readRequest, known[(index + 1) % known.length], "netascii", list),
  ]);
  const strange = modes.flatMap((mode) => [
    rawRequest(TftpOpcode.readRequest, known[1], mode, []),
    rawRequest(TftpOpcode.writeRequest, known[1], mode, [["tsize", "1000000000000"]]),
  ]);
  const nulInName = [`cm-1.0.cfg\0../outside/canary.txt`, `\0../outside/canary.txt`].map((name) =>
    rawRequest(TftpOpcode.readRequest, utf8(name), "octet", []),
  );
  const transferPackets = transferPacketsOf();
  const cut = good.slice(0, 6).flatMap((packet) => cutOff(packet));
  return {
    requests: [
      // Most requests are good ones.
      ...Array.from({ length: 6 }, () => good).flat(),
      ...[...escapes, ...options, ...strange, ...nulInName, ...cut],
      ...[new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(0, 9, 1, 1)],
      ...transferPackets,
    ],
    transferPackets: [...transferPackets, ...good.slice(0, 3)],
  };
}

function transferPacketsOf(): Uint8Array[] {
  const target = new Uint8Array(1500);
  const made = (length: number): Uint8Array => target.slice(0, length);
  const payload = new Uint8Array(512).fill(0x78);
  const option = (name: string, value: string) => ({ name, value });
  return [
    ...[0, 1, 2, 0x7fff, 0x8000, 0xffff].map((block) => made(encodeAck(target, 0, block))),
    ...[0, 1, 2, 0xffff].map((block) => made(encodeData(target, 0, block, payload))),
    made(encodeData(target, 0, 1, payload.subarray(0, 0))),
    ...[0, 1, 5, 8, 0xffff].map((code) => made(encodeError(target, 0, code, "went wrong"))),
    made(encodeOptionAck(target, 0, [option("blksize", "1428")])),
    made(encodeOptionAck(target, 0, [])),
    // An ACK with something behind it, and one that is too short.
    Uint8Array.of(0, TftpOpcode.ack, 0, 1, 0, 0, 0, 0),
    Uint8Array.of(0, TftpOpcode.ack, 0),
  ];
}

/** A request of any bytes and any length, right or wrong. */
export function rawRequest(
  opcode: number,
  name: Uint8Array,
  mode: string,
  options: Options,
): Uint8Array {
  const texts = [mode, ...options.flat()].flatMap((text) => [...utf8(text), 0]);
  return Uint8Array.from([0, opcode, ...name, 0, ...texts]);
}

/** The packet without its end: within the opcode, the name, the mode and an option. */
function cutOff(packet: Uint8Array): Uint8Array[] {
  const lengths = [1, 2, 3, 6, packet.length - 3, packet.length - 1];
  return lengths.map((length) => packet.subarray(0, length));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
