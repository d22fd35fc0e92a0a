import { crc32 } from "node:zlib";
import { type ZipOptions, zipSync } from "fflate";
import { hash32 } from "../../base/prng.ts";
import { encodeCmConfig, readCmSettings } from "../../protocol/docsis/cm-config.ts";
import { encodeMtaConfig, readMtaSettings } from "../../protocol/docsis/mta-config.ts";
import type { SettingsReading } from "../../protocol/docsis/settings.ts";
import type { Tlv } from "../../protocol/docsis/tlv.ts";
import { latin1Bytes } from "../../protocol/latin1.ts";
import type { DeviceKind } from "../population/population.ts";
import { modemSettings, mtaSettings } from "./boot-file-settings.ts";

/** A file of the TFTP server, by the name that devices ask for. */
export interface BootFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface BootFilesPlan {
  /** Decides what is in the meter's image: 0..2^32-1. */
  readonly seed: number;
  /** Size of the image inside the meter's archive: 1 KiB to 16 MiB. */
  readonly meterImageBytes: number;
}

/**
 * What the operator of a simulated plant shares with its CMTSs: the key of the CMTS MIC. It is in
 * every copy of this program, so it protects nothing outside of a simulation.
 */
export const bootFileSecret: Uint8Array = latin1Bytes("provlab-simulated-plant");

/** The names of the files in a dhcpd.conf, and so in the devices' requests. */
export const bootFileNames = {
  modem: {
    "1.0": "cm-1.0.cfg",
    "2.0": "cm-2.0.cfg",
    "3.0": "cm-3.0.cfg",
    "3.1": "cm-3.1.cfg",
  },
  mta: "mta.bin",
  meter: "meter.zip",
} as const;

/** The file of every device of a kind; modems have one for each version, CPEs have none. */
export const fileOfKind: Readonly<Partial<Record<DeviceKind, string>>> = {
  mta: bootFileNames.mta,
  "smart-meter": bootFileNames.meter,
};

/**
 * Every file that the dhcpd.conf of a population names: the configuration files of the modems, with
 * both MICs; the MTAs' file, with its hash; the meters' archive with image and settings (the guide
 * leaves the contents open: GAP-9). The same plan gives the same bytes.
 */
export function bootFilesOf(plan: BootFilesPlan): readonly BootFile[] {
  const { modem, mta, meter } = bootFileNames;
  const modemFiles = (Object.keys(modem) as (keyof typeof modem)[]).map((version) => {
    const tlvs = settingsOf(modem[version], readCmSettings(modemSettings[version]));
    return { name: modem[version], bytes: encodeCmConfig(tlvs, bootFileSecret) };
  });
  const mtaTlvs = settingsOf(mta, readMtaSettings(mtaSettings));
  return [
    ...modemFiles,
    { name: mta, bytes: encodeMtaConfig(mtaTlvs, "north-america") },
    { name: meter, bytes: meterArchive(plan) },
  ];
}

function settingsOf(file: string, reading: SettingsReading): readonly Tlv[] {
  if (reading.kind === "ok") return reading.tlvs;
  const problems = reading.problems.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new TypeError(`the settings of ${file} cannot be encoded: ${problems.join("; ")}`);
}

const UNIX = 3;
/** Stored, not compressed; every file has the format's first day, so the bytes depend on the plan alone. */
const storedFiles: ZipOptions = {
  level: 0,
  mtime: new Date(1980, 0, 1),
  os: UNIX,
  attrs: 0o100_644 * 0x1_0000,
};

function meterArchive(plan: BootFilesPlan): Uint8Array {
  const image = meterImage(plan);
  const settings = [
    "# Start-up settings of a simulated meter (IEC 62056).",
    "[image]",
    "file=image.bin",
    `bytes=${image.length}`,
    `crc32=${crc32(image).toString(16).padStart(8, "0")}`,
    "[readings]",
    "intervalMinutes=30",
    "registers=1.8.0,2.8.0",
    "[syslog]",
    "facility=local0",
    "",
  ].join("\n");
  return zipSync({ "settings.ini": latin1Bytes(settings), "image.bin": image }, storedFiles);
}

const IMAGE_STREAM = 0x696d_6167;

/** As random as packed or encrypted firmware, so nothing on its way can compress it. */
function meterImage({ seed, meterImageBytes }: BootFilesPlan): Uint8Array {
  const words = new DataView(new ArrayBuffer(Math.ceil(meterImageBytes / 4) * 4));
  for (let at = 0; at < meterImageBytes; at += 4) {
    words.setUint32(at, hash32(seed, IMAGE_STREAM, at));
  }
  return new Uint8Array(words.buffer, 0, meterImageBytes);
}
