import { parseSelector, priorities } from "./selector.ts";

/** One line of rsyslog.conf: which messages go into which file. */
export interface FileRule {
  /** As in syslog.conf: `local6.*`, `*.info;mail.none`. */
  readonly selector: string;
  /** Below the log directory unless absolute. */
  readonly file: string;
}

const filesMax = 64;

/** LOG-1 to LOG-3: each application has its own file and stays out of the system's log. */
export const fileRulesDefault: readonly FileRule[] = [
  {
    selector:
      "*.info;mail.none;authpriv.none;cron.none;" +
      "local6.none;local5.none;local3.none;local2.none;local1.none",
    file: "messages",
  },
  { selector: "local6.*", file: "dhcp.log" },
  { selector: "local5.*", file: "tftp.log" },
  { selector: "local3.*", file: "pacemaker.log" },
  { selector: "local2.*", file: "v4cpe_dhcp.log" },
  { selector: "local1.*", file: "v6cpe_dhcp.log" },
];

/** Chooses the files for a message by its facility and severity alone. */
export class FileRouter {
  /** Each file once, in the order of the rules. */
  readonly files: readonly string[];
  readonly #routes: readonly (readonly number[])[];

  /** Throws RangeError for a wrong selector, and for more than 64 files. */
  constructor(rules: readonly FileRule[] = fileRulesDefault) {
    this.files = [...new Set(rules.map(({ file }) => file))];
    if (this.files.length > filesMax) {
      throw new RangeError(`syslog writes at most ${filesMax} files, not ${this.files.length}`);
    }
    const routes = Array.from({ length: priorities }, () => new Set<number>());
    for (const { selector, file } of rules) {
      const index = this.files.indexOf(file);
      for (const [priority, isChosen] of parseSelector(selector).entries()) {
        if (isChosen === 1) routes[priority].add(index);
      }
    }
    this.#routes = routes.map((files) => [...files]);
  }

  /** Indices into `files`, each at most once; empty when no rule matches the message. */
  filesFor(facility: number, severity: number): readonly number[] {
    return this.#routes[facility * 8 + severity] ?? [];
  }
}
