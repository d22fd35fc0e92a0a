import { readCmSettings } from "../../protocol/docsis/cm-config.ts";
import { isPlainObject, show } from "../../protocol/docsis/plain.ts";
import type { Tlv } from "../../protocol/docsis/tlv.ts";
import { macKeyOf } from "./device-file-name.ts";
import { overlayProblems } from "./device-settings.ts";

export const REGISTRATIONS_SCHEMA = "provlab/registrations@1";

/** The registration of one device. */
export interface Registration {
  /** Name of a template: the file is NAME.json in the folder of templates. */
  readonly template: string;
  /** The device's own settings, laid over the template's. */
  readonly settings: readonly Tlv[];
  /** The own settings as the file wrote them. */
  readonly written: string;
}

/** The content of a file, or one message with all of its mistakes. */
export type ContentReading<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  | { readonly kind: "failed"; readonly message: string };

export function failed(message: string): { readonly kind: "failed"; readonly message: string } {
  return { kind: "failed", message };
}

const devicesMax = 2_000_000;
/** Each template in use is checked for changes regularly, so their number is bounded. */
const templatesMax = 1000;
const problemsMax = 10;
const templateName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;
const none: readonly Tlv[] = [];
const noDevices: ReadonlyMap<string, Registration> = new Map();

/** Reads a template: `{kind: "cable-modem", settings: [...]}`, the input of `prov cmconfig encode`. */
export function readTemplate(data: unknown): ContentReading<readonly Tlv[]> {
  const problems = new Problems();
  if (!isPlainObject(data)) {
    return problems.alone(`must be an object with kind and settings, not ${show(data)}`);
  }
  problems.unknownKeys(data, ["kind", "settings"], "");
  if (data["kind"] !== "cable-modem") {
    problems.add(`kind must be "cable-modem", not ${show(data["kind"])}`);
  }
  const value = settingsOf(data["settings"], "settings", problems);
  return problems.readingOf(value);
}

/**
 * Reads the registrations: `{schema, devices: [{mac, template, settings?}, ...]}`, by MAC in `macKeyOf`'s
 * form. `settings` has the same language as a template's. Devices whose settings are the same in `known`
 * are taken from there, so that changing one device costs little, even among 80,000.
 */
export function readRegistrations(
  data: unknown,
  known: ReadonlyMap<string, Registration> = noDevices,
): ContentReading<ReadonlyMap<string, Registration>> {
  const problems = new Problems();
  if (!isPlainObject(data)) {
    return problems.alone(`must be an object with schema and devices, not ${show(data)}`);
  }
  problems.unknownKeys(data, ["schema", "devices"], "");
  if (data["schema"] !== REGISTRATIONS_SCHEMA) {
    problems.add(`schema must be "${REGISTRATIONS_SCHEMA}", not ${show(data["schema"])}`);
  }
  const devices = data["devices"];
  if (!Array.isArray(devices))
    return problems.alone(`devices must be a list, not ${show(devices)}`);
  if (devices.length > devicesMax) {
    return problems.alone(`devices has ${devices.length} entries, the most is ${devicesMax}`);
  }
  const registrations = new Map<string, Registration>();
  for (const [at, device] of (devices as unknown[]).entries()) {
    addDevice(device, `devices[${at}]`, registrations, known, problems);
  }
  const templates = new Set([...registrations.values()].map(({ template }) => template));
  if (templates.size > templatesMax) {
    problems.add(`devices name ${templates.size} templates, the most is ${templatesMax}`);
  }
  return problems.readingOf(registrations);
}

function addDevice(
  device: unknown,
  place: string,
  registrations: Map<string, Registration>,
  known: ReadonlyMap<string, Registration>,
  problems: Problems,
): void {
  if (!isPlainObject(device)) {
    problems.add(`${place} must be an object with mac and template, not ${show(device)}`);
    return;
  }
  problems.unknownKeys(device, ["mac", "template", "settings"], `${place}.`);
  const { mac, template, settings } = device;
  const key = typeof mac === "string" ? macKeyOf(mac) : undefined;
  if (key === undefined) {
    problems.add(`${place}.mac must be a MAC such as 02:10:00:00:00:01, not ${show(mac)}`);
    return;
  }
  if (registrations.has(key)) problems.add(`${place}.mac ${show(mac)} is registered before`);
  if (typeof template !== "string" || !templateName.test(template)) {
    problems.add(`${place}.template must be the name of a template, not ${show(template)}`);
    return;
  }
  const written = settings === undefined ? "" : JSON.stringify(settings);
  const before = known.get(key);
  const own =
    before?.written === written
      ? before.settings
      : ownSettingsOf(settings, `${place}.settings`, problems);
  registrations.set(key, { template, settings: own, written });
}

function ownSettingsOf(data: unknown, place: string, problems: Problems): readonly Tlv[] {
  if (data === undefined) return none;
  const tlvs = settingsOf(data, place, problems);
  for (const message of overlayProblems(tlvs)) problems.add(`${place}: ${message}`);
  return tlvs;
}

function settingsOf(data: unknown, place: string, problems: Problems): readonly Tlv[] {
  const reading = readCmSettings(data);
  if (reading.kind === "ok") return reading.tlvs;
  for (const { path, message } of reading.problems) {
    const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`));
    problems.add(`${place}${steps.join("")} ${message}`);
  }
  return none;
}

/** The mistakes of one file. A bounded number of them is listed. */
class Problems {
  readonly #told: string[] = [];
  #count = 0;

  add(message: string): void {
    this.#count += 1;
    if (this.#told.length < problemsMax) this.#told.push(message);
  }

  unknownKeys(
    data: Readonly<Record<string, unknown>>,
    known: readonly string[],
    place: string,
  ): void {
    for (const key of Object.keys(data)) {
      if (known.includes(key)) continue;
      this.add(`${place}${key} is not known here; known are ${known.join(", ")}`);
    }
  }

  /** A mistake after which the rest of the file cannot be checked. */
  alone(message: string) {
    this.add(message);
    return failed(this.#message());
  }

  readingOf<Value>(value: Value): ContentReading<Value> {
    return this.#count === 0 ? { kind: "ok", value } : failed(this.#message());
  }

  #message(): string {
    const more = this.#count - this.#told.length;
    return [...this.#told, ...(more === 0 ? [] : [`and ${more} more`])].join("\n  ");
  }
}
