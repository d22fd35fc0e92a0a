import type { ConfigReader } from "../grammar/parse.ts";
import { readConfigFile } from "./load-config.ts";

const CHARACTERS_MAX = 1 << 20;

/** Reads configuration files, and keeps what was read as long as it is short. */
export class ConfigTexts {
  #texts: Map<string, string> | undefined = new Map();
  #characters = 0;

  readonly read: ConfigReader = (path) => {
    const text = readConfigFile(path);
    this.#characters += text.length;
    if (this.#characters > CHARACTERS_MAX) this.#texts = undefined;
    this.#texts?.set(path, text);
    return text;
  };

  /** By path, the main file first; undefined when they are more than 1 MiB together. */
  get texts(): ReadonlyMap<string, string> | undefined {
    return this.#texts;
  }
}
