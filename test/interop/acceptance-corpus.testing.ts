import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Difference } from "./acceptance-differences.testing.ts";

/** A file for both servers, one character a byte. */
export interface CorpusFile {
  readonly name: string;
  readonly text: string;
}

/** Copies of the examples, each with one slip. */
export const corpusMutants = 240;

/** Where Debian's packages put them, and where those that are only unpacked have them. */
const roots = ["/", "/opt/provlab-peers"];
const documentation = ["usr/share/doc/isc-dhcp-server", "usr/share/doc/isc-dhcp-common"];
const manualPages = ["dhcpd.conf.5", "dhcp-options.5", "dhcp-eval.5"];

/** The files of this machine that the ISC distribution's examples stand in, by kind. */
export interface DistributionFiles {
  readonly examples: readonly string[];
  readonly manuals: readonly string[];
  /** Names of the manual pages that are not there. */
  readonly missing: readonly string[];
}

export function findDistribution(): DistributionFiles {
  const folders = roots.flatMap((root) => documentation.map((folder) => join(root, folder)));
  const examples = [...folders, "/etc/dhcp"].filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      // Both servers speak DHCPv4 here, and neither is a client.
      .filter((name) => /\.(?:conf|example)(?:\.gz)?$/.test(name))
      .filter((name) => !/dhcpd6|dhclient/.test(name))
      .map((name) => join(folder, name)),
  );
  const pages = manualPages.map((page) =>
    roots.map((root) => join(root, "usr/share/man/man5", `${page}.gz`)).find(existsSync),
  );
  return {
    examples: withoutCopies(examples),
    manuals: pages.filter((path) => path !== undefined),
    missing: manualPages.filter((_, index) => pages[index] === undefined),
  };
}

/** Of files with the same text the first. */
function withoutCopies(paths: readonly string[]): string[] {
  const texts = paths.map(textOfFile);
  return paths.filter((_, index) => texts.indexOf(texts[index] as string) === index);
}

function textOfFile(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
}

export function exampleFiles({ examples }: DistributionFiles): CorpusFile[] {
  return examples.map((path) => ({ name: path, text: textOfFile(path) }));
}

/** The examples inside the manual pages: what is set without filling and has statements in it. */
export function manualExamples({ manuals }: DistributionFiles): CorpusFile[] {
  return manuals.flatMap((path) => {
    const page = basename(path, ".gz");
    return displaysOf(textOfFile(path))
      .filter(({ text }) => /[;{]\s*$/m.test(text))
      .map(({ text, line }) => ({ name: `${page} line ${line}`, text }));
  });
}

/** From `.nf` to `.fi` in a page's source, as a reader sees it: without requests, fonts and escapes. */
function displaysOf(source: string): { readonly text: string; readonly line: number }[] {
  const displays: { text: string; line: number }[] = [];
  let display: string[] | undefined;
  let start = 0;
  for (const [index, line] of source.split("\n").entries()) {
    if (/^\.nf/.test(line)) {
      display = [];
      start = index + 1;
    } else if (/^\.fi/.test(line)) {
      if (display !== undefined) displays.push({ text: display.join("\n"), line: start });
      display = undefined;
    } else {
      display?.push(printed(line));
    }
  }
  return displays;
}

function printed(line: string): string {
  const words = line.replace(/^\.[BI] /, "");
  if (words.startsWith(".")) return "";
  return words.replace(/\\f[BIRP]/g, "").replace(/\\(.)/g, "$1");
}

/** The guide, as Markdown, and its corrected examples; undefined where it is not beside the repository. */
export function guideFolder(repository: string): string | undefined {
  const folder = join(repository, "../shared/spec");
  return existsSync(join(folder, "prov-guide.md")) ? folder : undefined;
}

/** What begins a statement or a declaration that the guide prints. */
const dhcpdStatement =
  /^\s*(?:authoritative|class|subclass|host|group|subnet|shared-network|key|zone|match if|option|pool)\b/m;

/**
 * The fragments of the guide as it prints them, the statements of its errata before and after the
 * correction, and its two examples, corrected as a whole. Read byte by byte: some have typographic
 * quotes in them.
 */
export function guideFragments(folder: string): CorpusFile[] {
  const guide = readFileSync(join(folder, "prov-guide.md"), "latin1");
  const blocks = [...guide.matchAll(/^```\n(.*?)^```$/gms)]
    .map((match) => ({ at: match.index, text: match[1] as string }))
    .filter(({ text }) => dhcpdStatement.test(text))
    .map(({ at, text }) => ({
      name: `guide line ${guide.slice(0, at).split("\n").length}`,
      text: text.replace(/ +\(ERR-[^)\n]*\)$/gm, ""),
    }));
  const examples = readdirSync(join(folder, "examples")).map((name) => ({
    name: `corrected ${name}`,
    text: readFileSync(join(folder, "examples", name), "latin1"),
  }));
  return [...blocks, ...errataOf(guide), ...examples];
}

/** Rows like `| ERR-1 | P | where | original | what dhcpd says | corrected |`. */
function errataOf(guide: string): CorpusFile[] {
  return [...guide.matchAll(/^\| (ERR-\d+) \|.*$/gm)].flatMap(([row, id]) => {
    const cells = row.split(/ ?\| ?/);
    return [
      ...statementsIn(cells[4] as string).map((text) => ({ name: `${id} before: ${text}`, text })),
      ...statementsIn(cells[6] as string).map((text) => ({ name: `${id} after: ${text}`, text })),
    ].map(({ name, text }) => ({ name, text: inItsPlace(text) }));
  });
}

function statementsIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)]
    .map((match) => match[1] as string)
    .filter((text) => /[;{}]$/.test(text));
}

const subnet = "subnet 10.174.0.0 netmask 255.255.0.0";
const classes = ["docsis_cm", "docsis_mta", "cm"]
  .map((name) => `class "${name}" { match hardware; }`)
  .join("\n");

/** What stands around a statement that cannot stand alone. */
function inItsPlace(statement: string): string {
  switch (/^[a-z-]*/.exec(statement)?.[0]) {
    case "match":
      return `class "cpe" {\n${statement}\n}\n`;
    case "allow":
    case "deny":
      return `${classes}\n${subnet} {\npool {\nrange 10.174.3.1;\n${statement}\n}\n}\n`;
    case "subclass":
      return `${classes}\n${statement}\n`;
    case "group":
      return `group basic_cm {\n}\nhost a {\n${statement}\n}\n`;
    case "hardware":
      return `host a {\n${statement}\n}\n`;
    case "secret":
      return `key k {\nalgorithm hmac-md5;\n${statement}\n}\n`;
    case "shared-network":
      return `${statement}\n${subnet} {\n}\n}\n`;
    default:
      return `${statement}\n`;
  }
}

/** What differs on this corpus and not on the files of `acceptance-differences.testing.ts`. */
export const corpusDifferences: readonly Difference[] = [
  {
    reason: "options of DHCPv6 are refused by name; dhcpd reads them and never sends them",
    explains: ({ dhcpd, prov }) =>
      dhcpd.accepts && /option space \S+ is only supported in DHCPv6 mode/.test(prov.message),
  },
  {
    reason: "the secret of a key is one base64 text; dhcpd joins several words",
    explains: ({ dhcpd, prov }) => dhcpd.accepts && prov.message === "malformed base64.",
  },
];
