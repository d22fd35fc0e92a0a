import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, extname } from "node:path";
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
import { NoPersona, personaOf } from "../simulator/capture/pcap-persona.ts";
import { type OptionValue, wholeParser } from "./options/options.ts";
import { Subcommand } from "./options/subcommand.ts";
import { asUsageError, UsageError, withFile } from "./options/usage-error.ts";

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

/** Why packets of a capture were left out. */
const leftOutWords: Readonly<Record<keyof LeftOut, string>> = {
  fragments: "fragments of IPv4 packets: they are not put together here",
  cut: "frames that the capture has cut: take one with a larger snapshot length (tcpdump -s 0)",
  unknownLinks: "frames of a kind of link that is not read: Ethernet, Linux cooked and raw IP are",
  malformed: "datagrams on DHCP's ports that are no DHCP message, or a malformed one",
  otherHardware: "messages of hardware that is no Ethernet",
};

/** `prov persona from-pcap`: makes a persona, which a scenario can play, of a device's packets. */
export async function runPersona(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov persona").description(
    "devices as they were captured, for the personas of a scenario",
  );
  command
    .command("from-pcap")
    .description("write the persona of one device in a capture (pcap or pcapng)")
    .argument("<capture>", "the capture file")
    .value("--mac <address>", "which device; needed when the capture has several", deviceMac)
    .option("-o, --output <file>", "write here, not to standard output")
    .option("--name <name>", "how the persona is called (default: from the name of the capture)")
    .value("--port <number>", "the server's port in the capture", serverPort, `${DHCP_SERVER_PORT}`)
    .option("--anonymize", "leave out names, serial numbers, keys and the device's own MAC")
    .action(fromPcap)
    .examples("prov persona from-pcap modem.pcap --mac 02:10:00:00:00:01 -o modem.yaml");
  return command
    .examples("prov persona from-pcap modem.pcap --anonymize -o modem.persona.yaml")
    .run(args);
}

const deviceMac: OptionValue<Uint8Array> = {
  parse: (text) => {
    const mac = parseMac(text.replaceAll("-", ":"));
    return mac?.length === 6 ? mac : undefined;
  },
  how: "write six octets, such as 02:10:00:00:00:01",
};

const serverPort: OptionValue<number> = {
  parse: wholeParser(1, 65_534),
  how: "write a port from 1 to 65534",
};

function fromPcap(file: string, options: FromPcapOptions): void {
  const survey = surveyOf(file, options.port);
  const mac = chosenMac(file, survey, options.mac);
  const name = options.name ?? basename(file, extname(file));
  const conversation = survey.devices.get(formatMac(mac)) ?? [];
  const isAnonymous = options.anonymize === true;
  const made = asUsageError(NoPersona, `${file}: `, () =>
    personaOf(conversation, { name: nameFrom(name), mac, isAnonymous }),
  );
  const shownMac = isAnonymous ? `${formatMac(mac.subarray(0, OUI_OCTETS))}:…` : formatMac(mac);
  const text = printPersona(made.persona, [
    "A captured device, for the personas of a scenario (docs/captures.md).",
    `${shownMac}: ${conversation.length} messages in ${isAnonymous ? "a capture" : basename(file)}`,
  ]);
  for (const line of [...leftOutLines(survey), ...made.notes]) {
    process.stderr.write(`prov persona: ${file}: ${line}\n`);
  }
  const { output } = options;
  if (output === undefined) process.stdout.write(text);
  else withFile(output, "cannot be written", () => writeFileSync(output, text));
}

function surveyOf(file: string, port: number): CaptureSurvey {
  const bytes = withFile(
    file,
    "cannot be read",
    () => {
      if (statSync(file).size <= FILE_BYTES_MAX) return readFileSync(file);
      throw new UsageError(
        `${file}: is larger than 512 MiB: filter it first (tcpdump -r FILE -w FILE2 port ${port})`,
      );
    },
    "there is no such file",
  );
  return asUsageError(CaptureError, `${file}: `, () => surveyCapture(readCapture(bytes), port));
}

function leftOutLines({ leftOut }: CaptureSurvey): readonly string[] {
  const counts = Object.entries(leftOut) as [keyof LeftOut, number][];
  return counts
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `left out: ${count} ${leftOutWords[reason]}`);
}

/** The device that was asked for, or the only one. Throws UsageError when there is no such device. */
function chosenMac(file: string, survey: CaptureSurvey, wanted: Uint8Array | undefined) {
  const macs = [...survey.devices.keys()];
  if (wanted === undefined && macs.length === 1) return parseMac(macs[0])!;
  if (wanted !== undefined && survey.devices.has(formatMac(wanted))) return wanted;
  if (macs.length === 0) {
    const told = leftOutLines(survey).map((line) => `\n  ${line}`);
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

/** Makes a name that persona files allow. */
function nameFrom(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, NAME_CHARACTERS_MAX) || "captured";
}
