import { stringify } from "yaml";
import { z } from "zod";
import { didYouMean } from "../base/closest-word.ts";
import {
  checkCmMic,
  checkCmtsMic,
  decodeCmConfig,
  describeCmSettings,
  type MicState,
  readCmSettings,
} from "../protocol/docsis/cm-config.ts";
import {
  decodeMtaConfig,
  describeMtaSettings,
  type HashRealm,
  hashOids,
  readMtaSettings,
} from "../protocol/docsis/mta-config.ts";
import type { SettingProblem } from "../protocol/docsis/settings.ts";
import type { Tlv } from "../protocol/docsis/tlv.ts";
import { formatHex } from "../protocol/hex.ts";
import { readYaml } from "../scenarios/yaml/checked-yaml.ts";
import type { FileProblem, Mistake } from "../scenarios/yaml/problems.ts";
import { mistakesIn } from "./options/usage-error.ts";

/** The content of a configuration file's YAML form. */
export type ConfigSource =
  | { readonly kind: "cable-modem"; readonly tlvs: readonly Tlv[] }
  | { readonly kind: "mta"; readonly tlvs: readonly Tlv[]; readonly hash: HashRealm | undefined };

/** A configuration file in YAML, and the reasons why a device or a CMTS would refuse the binary one. */
export interface ConfigText {
  readonly text: string;
  readonly problems: readonly string[];
}

const MTA_DELIMITER = 254;

const schema = z.strictObject({
  kind: z.enum(["cable-modem", "mta"]),
  hash: z.enum(Object.keys(hashOids) as HashRealm[]).optional(),
  /** The codec reads them, because it has the names and the ranges. */
  settings: z.unknown().optional(),
});

/** Reads the YAML form; `file` is for messages. Throws UsageError with every mistake in it. */
export function readConfigText(file: string, text: string): ConfigSource {
  const yaml = readYaml(file, text, schema);
  if (yaml.kind === "failed") throw mistakesIn(yaml.problems);
  const { kind, settings, hash } = yaml.data;
  if (kind === "cable-modem" && hash !== undefined) {
    const message = "belongs to the file of an mta, not to that of a cable-modem";
    throw mistakesIn(yaml.placed([{ path: ["hash"], message, hint: undefined }]));
  }
  const reading = kind === "mta" ? readMtaSettings(settings) : readCmSettings(settings);
  if (reading.kind === "failed") {
    throw mistakesIn(reading.problems.map((problem) => placedProblem(problem, yaml.placed)));
  }
  const { tlvs } = reading;
  return kind === "mta" ? { kind, tlvs, hash } : { kind, tlvs };
}

/**
 * The YAML form of a binary file, whose first byte tells its kind. Without a secret the CMTS MIC is not checked.
 * Throws DecodeError.
 */
export function formatConfigText(bytes: Uint8Array, secret: Uint8Array | undefined): ConfigText {
  return bytes[0] === MTA_DELIMITER ? formatMta(bytes) : formatCm(bytes, secret);
}

function placedProblem(
  { path, message, unknown }: SettingProblem,
  placed: (mistakes: readonly Mistake[]) => readonly FileProblem[],
): FileProblem {
  const full = ["settings", ...path];
  const hint = unknown === undefined ? undefined : hintFor(unknown.name, unknown.known);
  const [problem] = placed([{ path: full, message, hint }]);
  if (unknown === undefined || typeof path.at(-2) !== "number") return problem;
  // The value of a group starts a line below its name, which stands where the item starts.
  const [item] = placed([{ path: full.slice(0, -1), message, hint }]);
  return { ...problem, line: item.line };
}

function hintFor(name: string, known: readonly string[]): string {
  const best = didYouMean(name, known);
  return best === undefined ? `known here: ${known.join(", ")}` : `did you mean ${best}?`;
}

function formatCm(bytes: Uint8Array, secret: Uint8Array | undefined): ConfigText {
  const { tlvs, cmMic, cmtsMic } = decodeCmConfig(bytes);
  const mics = [
    { name: "CM MIC", value: cmMic, state: checkCmMic(bytes) },
    { name: "CMTS MIC", value: cmtsMic, state: cmtsMicState(bytes, cmtsMic, secret) },
  ];
  const comments = mics.map(({ name, value, state }) =>
    value === undefined ? `# ${name}: missing\n` : `# ${name}: ${formatHex(value)}, ${state}\n`,
  );
  const text = yamlOf({ kind: "cable-modem", settings: describeCmSettings(tlvs) });
  const problems = mics
    .filter(({ state }) => state === "wrong" || state === "missing")
    .map(({ name, state }) => `the ${name} is ${state}`);
  return { text: comments.join("") + text, problems };
}

function cmtsMicState(
  bytes: Uint8Array,
  cmtsMic: Uint8Array | undefined,
  secret: Uint8Array | undefined,
): MicState | "not checked" {
  if (cmtsMic === undefined) return "missing";
  return secret === undefined ? "not checked" : checkCmtsMic(bytes, secret);
}

function formatMta(bytes: Uint8Array): ConfigText {
  const { tlvs, hash } = decodeMtaConfig(bytes);
  const text = yamlOf({
    kind: "mta",
    ...(hash === undefined ? {} : { hash: hash.realm }),
    settings: describeMtaSettings(tlvs),
  });
  return { text, problems: hash?.isRight === false ? ["the hash is wrong"] : [] };
}

function yamlOf(data: unknown): string {
  return stringify(data, { lineWidth: 0, aliasDuplicateObjects: false });
}
