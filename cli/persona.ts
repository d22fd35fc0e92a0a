import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { Command } from "commander";
import { formatMac, parseMac } from "../protocol/mac.ts";
import { CaptureError } from "../protocol/pcap/capture-error.ts";
import { readCapture } from "../protocol/pcap/read-capture.ts";
import { printPersona } from "../scenarios/population/print-persona.ts";
import {
  type CaptureSurvey,
  DHCP_SERVER_PORT,
  type LeftOut,
  surveyCapture,
} from "../simulator/capture/pcap-conversation.ts";
import { type MadePersona, NoPersona, personaOf } from "../simulator/capture/pcap-persona.ts";
import { exitStatus } from "./options/exit-status.ts";
import { runCommander } from "./options/run-commander.ts";
import { UsageError } from "./options/usage-error.ts";

interface FromPcapOptions {
  readonly mac?: Uint8Array;
  readonly output?: string;
  readonly name?: string;
  readonly port: number;
  readonly anonymize?: true;
}

const FILE_BYTES_MAX = 512 * 1024 * 1024;
const MACS_SHOWN_MAX = 20;
const NAME_CHARACTERS_MAX = 40;
const OUI_OCTETS = 3;

/** What was left out of a capture, by count, in words. */
const leftOutWords: Readonly<Record<keyof LeftOut, string>> = {
  fragments: "fragments of IPv4 packets: they are not put together here",
  cut: "frames that the capture has cut: take one with a larger snapshot length (tcpdump -s 0)",
  unknownLinks: "frames of a kind of link that is not read: Ethernet, Linux cooked and raw IP are",
  malformed: "datagrams on DHCP's ports that are no DHCP message, or a malformed one",
  otherHardware: "messages of hardware that is no Ethernet",
};

/** `prov persona from-pcap`: a device's packets become a persona that a scenario can play. */
export async function runPersona(args: readonly string[]): Promise<number> {
  const command = new Command("prov persona")
    .description("devices as they were captured, for the personas of a scenario")
    .exitOverride();
  command
    .command("from-pcap")
    .description("write the persona of one device in a capture (pcap or pcapng)")
    .argument("<capture>", "the capture file")
    .option("--mac <address>", "which device; needed when the capture has several", macOf)
    .option("-o, --output <file>", "write here, not to standard output")
    .option("--name <name>", "how the persona is called (default: from the name of the capture)")
    .option("--port <number>", "the server's port in the capture", portOf, DHCP_SERVER_PORT)
    .option("--anonymize", "leave out names, serial numbers, keys and the device's own MAC")
    .action((file: string, options: FromPcapOptions) => fromPcap(file, options));
  return (await runCommander(command, args)) ?? exitStatus.pass;
}

function fromPcap(file: string, options: FromPcapOptions): void {
  const survey = surveyOf(file, options.port);
  const mac = chosenMac(file, survey, options.mac);
  const name = options.name ?? basename(file, extname(file));
  const conversation = survey.devices.get(formatMac(mac)) ?? [];
  const isAnonymous = options.anonymize === true;
  const made = make(file, () =>
    personaOf(conversation, { name: nameFrom(name), mac, isAnonymous }),
  );
  const shownMac = isAnonymous ? `${formatMac(mac.subarray(0, OUI_OCTETS))}:…` : formatMac(mac);
  const text = printPersona(made.persona, [
    "A captured device, for the personas of a scenario (docs/captures.md).",
    `${shownMac}: ${conversation.length} messages in ${isAnonymous ? "a capture" : basename(file)}`,
  ]);
  const counts = Object.entries(survey.leftOut) as [keyof LeftOut, number][];
  const leftOut = counts.flatMap(([reason, count]) =>
    count === 0 ? [] : [`left out: ${count} ${leftOutWords[reason]}`],
  );
  for (const line of [...leftOut, ...made.notes]) {
    process.stderr.write(`prov persona: ${file}: ${line}\n`);
  }
  if (options.output === undefined) process.stdout.write(text);
  else writeText(options.output, text);
}

function make(file: string, makePersona: () => MadePersona): MadePersona {
  try {
    return makePersona();
  } catch (error) {
    if (!(error instanceof NoPersona)) throw error;
    throw new UsageError(`${file}: ${error.message}`, { cause: error });
  }
}

function surveyOf(file: string, port: number): CaptureSurvey {
  try {
    const bytes = statSync(file).size;
    if (bytes > FILE_BYTES_MAX) {
      throw new UsageError(
        `${file}: is larger than 512 MiB: filter it first (tcpdump -r FILE -w FILE2 port ${port})`,
      );
    }
    return surveyCapture(readCapture(readFileSync(file)), port);
  } catch (error) {
    if (error instanceof CaptureError) {
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`;
    throw new UsageError(`${file}: ${reason}`, { cause: error });
  }
}

/** The only device, or the one that was asked for. */
function chosenMac(file: string, survey: CaptureSurvey, wanted: Uint8Array | undefined) {
  const macs = [...survey.devices.keys()];
  if (wanted === undefined && macs.length === 1) return parseMac(macs[0])!;
  if (wanted !== undefined && survey.devices.has(formatMac(wanted))) return wanted;
  if (macs.length === 0) {
    const told = Object.entries(survey.leftOut).flatMap(([reason, count]) =>
      count === 0 ? [] : [`\n  left out: ${count} ${leftOutWords[reason as keyof LeftOut]}`],
    );
    throw new UsageError(`${file}: no device asks for an address in it${told.join("")}`);
  }
  const shown = macs
    .slice(0, MACS_SHOWN_MAX)
    .map((mac) => `\n  ${mac}: ${survey.devices.get(mac)!.length} messages`);
  const rest = macs.length - shown.length;
  const more = rest > 0 ? `\n  and ${rest} more` : "";
  const what = wanted === undefined ? "choose a device with --mac" : `has no ${formatMac(wanted)}`;
  throw new UsageError(`${file}: ${what}:${shown.join("")}${more}`);
}

/** As persona files allow it. */
function nameFrom(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, NAME_CHARACTERS_MAX) || "captured";
}

function macOf(text: string): Uint8Array {
  const mac = parseMac(text.replaceAll("-", ":"));
  if (mac?.length === 6) return mac;
  throw new UsageError(`--mac ${text}: write six octets, such as 02:10:00:00:00:01`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_534) return port;
  throw new UsageError(`--port ${text}: write a port from 1 to 65534`);
}

function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${path}: cannot be written (${code})`, { cause: error });
  }
}
