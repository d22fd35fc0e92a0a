/** A program that takes part in a suite. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** How it is set, for the reader of the figures. */
  readonly settings: string;
  /** What is on disk when an ACK leaves; left out where nothing is to be kept. */
  readonly durability?: string;
  /** It needs a network interface of its own, or a well-known port. */
  readonly needsInterface: boolean;
  /** What it says its version is; throws when it is not installed. */
  readonly version: () => string;
}

/** A server that takes part, and how to run it with a `Setting`. */
export interface ServerContender<Setting> extends Contender {
  /** Writes what it reads into the setting's folder; says how to start it. */
  readonly prepare: (setting: Setting) => Launch;
}

export interface Launch {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}
