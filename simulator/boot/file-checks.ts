import { DecodeError } from "../../protocol/decode-error.ts";
import { checkCmMic, checkCmtsMic } from "../../protocol/docsis/cm-config.ts";
import { decodeMtaConfig } from "../../protocol/docsis/mta-config.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { BootFiles } from "./boot-errands.ts";
import type { FileVerdict } from "./boot-step.ts";
import { expectationOf, type FileExpectation } from "./file-hash.ts";

interface FileChecksPlan {
  readonly population: Population;
  /**
   * The files of the TFTP server; none when the server is not ours. Other files can be looked into, but
   * their length and hash are not known.
   */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** The key of the CMTS MIC; without it that signature is not looked at. */
  readonly sharedSecret: Uint8Array | undefined;
}

interface KnownFile {
  readonly bytes: Uint8Array;
  readonly expectation: FileExpectation;
}

type Content = "cable-modem" | "mta";

/** Verdicts kept. One more replaces the oldest, which can be worked out again. */
const VERDICTS_MAX = 1024;

/**
 * What the files of a population must be. Thousands of devices fetch the same few files, so each is looked
 * into once; afterwards its length and hash identify it.
 */
export class FileChecks implements BootFiles {
  readonly #population: Population;
  readonly #sharedSecret: Uint8Array | undefined;
  readonly #byName: ReadonlyMap<string, KnownFile>;
  readonly #byExpectation: ReadonlyMap<FileExpectation, KnownFile>;
  readonly #verdicts = new Map<string, FileVerdict>();

  constructor({ population, files, sharedSecret }: FileChecksPlan) {
    const known = files.map(({ name, bytes }) => ({
      name,
      file: { bytes, expectation: expectationOf(bytes) },
    }));
    this.#population = population;
    this.#sharedSecret = sharedSecret;
    this.#byName = new Map(known.map(({ name, file }) => [name, file]));
    this.#byExpectation = new Map(known.map(({ file }) => [file.expectation, file]));
  }

  expected(filename: string): FileExpectation | undefined {
    return this.#byName.get(filename)?.expectation;
  }

  verdictOf(device: number, expected: FileExpectation): FileVerdict | undefined {
    const file = this.#byExpectation.get(expected);
    return file === undefined ? undefined : this.#verdictOn(device, file.bytes, expected);
  }

  examine(device: number, content: Uint8Array): FileVerdict {
    return this.#verdictOn(device, content, expectationOf(content));
  }

  #verdictOn(device: number, bytes: Uint8Array, hash: FileExpectation): FileVerdict {
    const kind = this.#population.kindOf(device);
    if (kind !== "cable-modem" && kind !== "mta") return "right";
    const key = `${kind} ${hash.lengthBytes} ${hash.hashHigh} ${hash.hashLow}`;
    let verdict = this.#verdicts.get(key);
    if (verdict === undefined) {
      verdict = examine(kind, bytes, this.#sharedSecret);
      if (this.#verdicts.size >= VERDICTS_MAX) {
        const [oldest] = this.#verdicts.keys();
        this.#verdicts.delete(oldest!);
      }
      this.#verdicts.set(key, verdict);
    }
    return verdict;
  }
}

function examine(
  content: Content,
  bytes: Uint8Array,
  sharedSecret: Uint8Array | undefined,
): FileVerdict {
  try {
    if (content === "mta") {
      decodeMtaConfig(bytes);
      return "right";
    }
    if (checkCmMic(bytes) !== "right") return "cm-mic";
    if (sharedSecret === undefined) return "right";
    return checkCmtsMic(bytes, sharedSecret) === "right" ? "right" : "cmts-mic";
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return "file-format";
  }
}
