import { StartError } from "./start-error.ts";

export const usage = `Usage: dhcpd [-p <UDP port #>] [-f] [-d] [-q] [-t|-T]
             [-4|-6] [-cf config-file] [-lf lease-file]
             [-tf trace-output-file] [-play trace-input-file]
             [-pf pid-file] [--no-pid] [-s server]
             [if0 [...ifN]]
       dhcpd {--version|--help|-h}`;

/** What the command line asked for; a file is undefined when it did not name one. */
export interface DhcpdArguments {
  readonly mode: "serve" | "test-config" | "test-leases" | "help" | "version";
  readonly port: number | undefined;
  readonly configFile: string | undefined;
  readonly leaseFile: string | undefined;
  readonly pidFile: string | undefined;
  readonly writesPid: boolean;
  /** An address or a host name that replaces 255.255.255.255 (`-s`). */
  readonly broadcastServer: string | undefined;
  readonly foreground: boolean;
  readonly debug: boolean;
  readonly quiet: boolean;
  readonly interfaceNames: readonly string[];
}

/** Flags that this server understands and does not offer, each with the reason. */
const refusedFlags: Readonly<Record<string, string>> = {
  "-6": "This server speaks DHCPv4 only: DHCPv6 (-6) is not supported.",
  "-4o6": "DHCPv4 over DHCPv6 (-4o6) is not supported.",
  "-tf": "Trace files (-tf) are not supported.",
  "-play": "Playing back trace files (-play) is not supported.",
  "-user": "Changing the user (-user) is not supported: start the server as that user.",
  "-group": "Changing the group (-group) is not supported: start the server in that group.",
  "-chroot": "Changing the root directory (-chroot) is not supported.",
};

const flags: ReadonlySet<string> = new Set([
  "-4",
  "-d",
  "-f",
  "-q",
  "-t",
  "-T",
  "--no-pid",
  "--version",
  "--help",
  "-h",
]);

/** Reads dhcpd's flags (DHCP-8). Throws StartError with dhcpd's own words. */
export function parseDhcpdArguments(args: readonly string[]): DhcpdArguments {
  const values: Record<string, string> = {};
  const given = new Set<string>();
  const interfaceNames: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at]!;
    if (["-p", "-s", "-cf", "-lf", "-pf"].includes(word)) {
      const value = args[at + 1];
      if (value === undefined) throw new StartError(`No argument for command: ${word}\n${usage}`);
      values[word] = value;
      at += 1;
    } else if (word === "-6" && given.has("-4")) {
      throw new StartError("Server cannot run in both IPv4 and IPv6 mode at the same time.");
    } else if (refusedFlags[word] !== undefined) {
      throw new StartError(refusedFlags[word]);
    } else if (flags.has(word)) {
      given.add(word);
    } else if (word.startsWith("-")) {
      throw new StartError(`Unknown command ${word}\n${usage}`);
    } else interfaceNames.push(word);
  }
  return {
    mode: modeOf(given),
    port: values["-p"] === undefined ? undefined : parsePort(values["-p"]),
    configFile: values["-cf"],
    leaseFile: values["-lf"],
    pidFile: values["-pf"],
    writesPid: !given.has("--no-pid"),
    broadcastServer: values["-s"],
    foreground: given.has("-f") || given.has("-d"),
    debug: given.has("-d"),
    quiet: given.has("-q"),
    interfaceNames,
  };
}

function modeOf(given: ReadonlySet<string>): DhcpdArguments["mode"] {
  if (given.has("--help") || given.has("-h")) return "help";
  if (given.has("--version")) return "version";
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
