import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../../base/prng.ts";

/** A directory to serve, and files beside it that must never be served. */
export interface TftpRoot {
  readonly path: string;
  /** Contents by the name that a client asks for. Netascii changes none of their bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names below the root that lead out of it, or to nothing that may be served. */
  readonly traps: readonly string[];
  /** A file outside, absolute. Its contents are this mark again and again. */
  readonly canaryFile: string;
  readonly canary: Uint8Array;
}

const sizes: Readonly<Record<string, number>> = {
  "empty.cfg": 0,
  "cm-1.0.cfg": 300,
  "block.cfg": 512,
  "cm-3.0.cfg": 1429,
  "mta/größe 1.bin": 5000,
  // Longer than what a server keeps in memory as a whole.
  "meter.zip": 90_000,
};
const canaryMark = "CANARY-OF-PROVLAB;";
const canaryRepeats = 260;
const FILE_STREAM = 0x6669_6c65;
/** `!` to `~` without capitals: the mark cannot come about by chance. */
const alphabet = Array.from({ length: 0x7e - 0x21 }, (_, at) => 0x21 + at).filter(
  (byte) => byte < 0x41 || byte > 0x5a,
);

/** Makes `root/` in the folder, and files beside it that must not be served. */
export function makeTftpRoot(folder: string): TftpRoot {
  const path = join(folder, "root");
  const outside = join(folder, "outside");
  // A name that begins like the root's: a careless comparison takes it for a part of the root.
  const sibling = `${path}-secret`;
  for (const directory of [join(path, "mta"), outside, sibling]) {
    mkdirSync(directory, { recursive: true });
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, size] of Object.entries(sizes)) {
    const bytes = textBytes(size);
    files.set(name, bytes);
    writeFileSync(join(path, name), bytes);
  }
  const canary = canaryMark.repeat(canaryRepeats);
  const canaryFile = join(outside, "canary.txt");
  for (const file of [canaryFile, join(sibling, "canary.txt")]) writeFileSync(file, canary);
  const links: Readonly<Record<string, string>> = {
    "link-up": "../outside/canary.txt",
    "link-absolute": canaryFile,
    "link-sibling": "../root-secret/canary.txt",
    outside,
    "mta/up": "../..",
    "link-chain": "link-up",
    "link-loop": "link-loop",
    "link-dangling": "nowhere",
    "link-proc": "/proc/self/environ",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(path, name));
  const traps = [
    ...Object.keys(links),
    ...["outside/canary.txt", "mta/up/outside/canary.txt", "mta", "mta/", "link-up/", "empty.cfg/"],
  ];
  return { path, files, traps, canaryFile, canary: new TextEncoder().encode(canaryMark) };
}

function textBytes(length: number): Uint8Array {
  const prng = new Prng(length, FILE_STREAM);
  return Uint8Array.from({ length }, () => alphabet[prng.nextBelow(alphabet.length)]);
}
