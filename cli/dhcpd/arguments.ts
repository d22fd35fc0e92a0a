import type { ExecuteRule } from "../../server/config/language/program.ts";
import { parseMetricsAddress } from "../../server/metrics/edge/metrics-address.ts";
import type { MetricsPlan } from "../../server/metrics/edge/metrics-server.ts";
import { StartError } from "../../server/process/start-error.ts";

export const usage = `Usage: dhcpd [-p <UDP port #>] [-f] [-d] [-q] [-t|-T]
             [-4|-6] [-cf config-file] [-lf lease-file]
             [-user user] [-group group]
             [--allow-execute] [--no-dash-arguments]
             [-tf trace-output-file] [--trace-limit MiB]
             [-play trace-input-file]
             [--metrics [address:]port]
             [-pf pid-file] [--no-pid] [-s server]
             [--no-warm-up]
             [if0 [...ifN]]
       dhcpd {--version|--help|-h}`;

/** What `--help` prints; dhcpd prints no more than the usage. */
export const help = `${usage}

Examples:
  prov dhcpd -t -cf dhcpd.conf
  prov dhcpd -f -cf dhcpd.conf -lf dhcpd.leases eth0`;

/** The command line. A file is undefined when the command line does not name it. */
export interface DhcpdArguments {
  readonly mode: "serve" | "test-config" | "test-leases" | "play" | "help" | "version";
  readonly port: number | undefined;
  readonly configFile: string | undefined;
  readonly leaseFile: string | undefined;
  readonly pidFile: string | undefined;
  readonly writesPid: boolean;
  /** An address or a host name that replaces 255.255.255.255 (`-s`). */
  readonly broadcastServer: string | undefined;
  /** The user and group of the process, once everything is open that only root may open. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly execute: ExecuteRule;
  /** Where to record what passes (`-tf`). */
  readonly traceFile: string | undefined;
  readonly traceBytesMax: number;
  /** What to play back, with mode `play`. */
  readonly playFile: string | undefined;
  /** Where Prometheus gets the metrics; undefined for no metrics. */
  readonly metrics: MetricsPlan | undefined;
  /** Before it listens, it plays synthetic clients, so that real ones meet compiled code. */
  readonly warmsUp: boolean;
  readonly foreground: boolean;
  readonly debug: boolean;
  readonly quiet: boolean;
  readonly interfaceNames: readonly string[];
}

/** Flags of dhcpd that this server refuses, each with the reason. */
const refusedFlags: Readonly<Record<string, string>> = {
  "-6": "This server speaks DHCPv4 only: DHCPv6 (-6) is not supported.",
  "-4o6": "DHCPv4 over DHCPv6 (-4o6) is not supported.",
  "-chroot":
    "Changing the root directory (-chroot) is not supported: start the server in a container, or " +
    "with RootDirectory= of systemd.",
};

const flags: ReadonlySet<string> = new Set([
  ...["-4", "-6", "-d", "-f", "-q", "-t", "-T", "--no-pid", "--no-warm-up"],
  ...["--allow-execute", "--no-dash-arguments"],
]);

const flagsWithValue: ReadonlySet<string> = new Set([
  "-p",
  "-s",
  "-cf",
  "-lf",
  "-pf",
  "-user",
  "-group",
  "-chroot",
  "-tf",
  "--trace-limit",
  "-play",
  "--metrics",
  "-4o6",
]);

/** A dash that a word processor put in place of a hyphen (ERR-17). */
const longDash = /^[\u2010-\u2015\u2212]/;

const mebibyte = 1024 * 1024;
const traceMebibytesDefault = 1024;
const traceMebibytesMax = 1024 * 1024;

/** Reads dhcpd's flags (DHCP-8). Throws StartError with dhcpd's own words. */
export function parseDhcpdArguments(args: readonly string[]): DhcpdArguments {
  const values: Record<string, string> = {};
  const given = new Set<string>();
  const interfaceNames: string[] = [];
  const asked = infoModeOf(args);
  // With --help or --version, the other arguments may be wrong.
  for (let at = 0; at < args.length && asked === undefined; at += 1) {
    const word = args[at];
    if (flagsWithValue.has(word)) {
      const value = args[at + 1];
      if (value === undefined) throw new StartError(`No argument for command: ${word}\n${usage}`);
      values[word] = value;
      given.add(word);
      at += 1;
    } else if (flags.has(word)) {
      given.add(word);
    } else if (word.startsWith("-")) {
      throw new StartError(`Unknown command ${word}\n${usage}`);
    } else if (longDash.test(word)) {
      const meant = `-${word.slice(1)}`;
      throw new StartError(`Unknown command ${word}: its dash is no hyphen, is ${meant} meant?`);
    } else interfaceNames.push(word);
  }
  checkCombinations(given);
  return {
    mode: asked ?? modeOf(given),
    port: values["-p"] === undefined ? undefined : parsePort(values["-p"]),
    configFile: values["-cf"],
    leaseFile: values["-lf"],
    pidFile: values["-pf"],
    writesPid: !given.has("--no-pid"),
    broadcastServer: values["-s"],
    user: values["-user"],
    group: values["-group"],
    execute: executeRule(given),
    traceFile: values["-tf"],
    traceBytesMax: traceBytesMax(values["--trace-limit"]),
    playFile: values["-play"],
    metrics: metricsPlan(values["--metrics"]),
    warmsUp: !given.has("--no-warm-up"),
    foreground: given.has("-f") || given.has("-d"),
    debug: given.has("-d"),
    quiet: given.has("-q"),
    interfaceNames,
  };
}

/** The first of these flags counts, wherever it stands. */
function infoModeOf(args: readonly string[]): "help" | "version" | undefined {
  const word = args.find((one) => one === "--version" || one === "--help" || one === "-h");
  if (word === undefined) return undefined;
  return word === "--version" ? "version" : "help";
}

function checkCombinations(given: ReadonlySet<string>): void {
  if (given.has("-4") && given.has("-6")) {
    throw new StartError("Server cannot run in both IPv4 and IPv6 mode at the same time.");
  }
  for (const [flag, reason] of Object.entries(refusedFlags)) {
    if (given.has(flag)) throw new StartError(reason);
  }
  if (given.has("-tf") && given.has("-play")) {
    throw new StartError(
      "A trace is either recorded (-tf) or played back (-play), not both at once.",
    );
  }
}

function executeRule(given: ReadonlySet<string>): ExecuteRule {
  if (!given.has("--allow-execute")) return "refused";
  return given.has("--no-dash-arguments") ? "no-dashes" : "allowed";
}

function modeOf(given: ReadonlySet<string>): DhcpdArguments["mode"] {
  if (given.has("-play")) return "play";
  if (given.has("-T")) return "test-leases";
  return given.has("-t") ? "test-config" : "serve";
}

function parsePort(text: string): number {
  if (!/^\d+$/.test(text)) throw new StartError(`Invalid port number specification: ${text}`);
  const port = Number(text);
  if (port < 1 || port > 65_535) {
    throw new StartError("Port number specified is out of range (1-65535).");
  }
  return port;
}

function metricsPlan(text: string | undefined): MetricsPlan | undefined {
  const plan = text === undefined ? undefined : parseMetricsAddress(text);
  if (text === undefined || plan !== undefined) return plan;
  throw new StartError(`Invalid place ${text} (--metrics): give [ADDRESS:]PORT, such as 9767.`);
}

function traceBytesMax(text: string | undefined): number {
  if (text === undefined) return traceMebibytesDefault * mebibyte;
  const mebibytes = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (mebibytes >= 1 && mebibytes <= traceMebibytesMax) return mebibytes * mebibyte;
  throw new StartError(
    `Invalid size ${text} (--trace-limit): give 1 to ${traceMebibytesMax}, in MiB.`,
  );
}
