/** What both servers said to one file. */
export interface Verdicts {
  readonly text: string;
  readonly dhcpd: { readonly accepts: boolean; readonly message: string; readonly line: number };
  readonly prov: { readonly accepts: boolean; readonly message: string; readonly line: number };
}

export interface Difference {
  /** Why the two differ, for operators: docs/differences.md lists these. */
  readonly reason: string;
  readonly explains: (verdicts: Verdicts) => boolean;
}

/** Copies of whole files, each with one slip. */
export const acceptanceMutants = 300;

/** The differences between `dhcpd -t` and `prov dhcpd -t` that are meant. */
export const differences: readonly Difference[] = [
  {
    reason: "what dhcpd accepts and this server does not support is refused by name",
    explains: ({ dhcpd, prov }) =>
      dhcpd.accepts &&
      /not supported yet|unsupported value|not allowed|cannot be set/.test(prov.message),
  },
  {
    reason: "a missing value is an error; dhcpd goes on without it",
    explains: ({ text, prov }) =>
      /^expecting |^not a valid/.test(prov.message) &&
      /(?:^|[\w"-])\s*[;,(]\s*[;,)]|[\w-]\s+;|[\w-];/m.test(lineOf(text, prov.line)),
  },
  {
    reason:
      "a word that begins no statement is the error; dhcpd complains about what comes after it",
    explains: ({ dhcpd, prov }) =>
      !dhcpd.accepts &&
      /^expecting a (?:parameter or declaration|statement)/.test(prov.message) &&
      /semicolon expected|left brace|right brace|expecting/.test(dhcpd.message),
  },
  {
    reason: "an invalid expression is an error; dhcpd skips some of them",
    explains: ({ dhcpd, prov }) =>
      dhcpd.accepts && /^expecting (?:a|hexadecimal|data|numeric|expression)/.test(prov.message),
  },
  {
    reason: "a netmask has to be ones, then zeros",
    explains: ({ dhcpd, prov }) => dhcpd.accepts && /bad subnet number\/mask/.test(prov.message),
  },
];

function lineOf(text: string, line: number): string {
  return text.split("\n")[line - 1] ?? "";
}

/**
 * dhcpd names the line of the token that it has read last: the one before the mistake, or the one
 * after it. True when there is nothing but blanks between the two lines.
 */
export function isSamePlace({ text, dhcpd, prov }: Verdicts): boolean {
  const [first, second] = [dhcpd.line, prov.line].sort((left, right) => left - right);
  const between = text.split("\n").slice(first, Math.max(first, second - 1));
  return between.every((line) => /^\s*(?:#.*)?$/.test(line));
}
