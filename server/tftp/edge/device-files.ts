import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { encodeCmConfig } from "../../../protocol/docsis/cm-config.ts";
import { replaceTlv, type Tlv } from "../../../protocol/docsis/tlv.ts";
import { writeIpv4 } from "../../../protocol/ipv4.ts";
import { refusedBySystem, StartError } from "../../process/start-error.ts";
import { DeviceFileName } from "../device-file-name.ts";
import {
  type ContentReading,
  failed,
  type Registration,
  readRegistrations,
  readTemplate,
} from "../device-registration.ts";
import { overlaySettings } from "../device-settings.ts";
import { readJson } from "../json-content.ts";
import { RecentlyUsed } from "../recently-used.ts";
import { WatchedFile } from "./watched-file.ts";

/** Where the devices' own files come from. Plain data, so that it can be sent to a thread. */
export interface DeviceFilesPlan {
  /** A file name that contains `{mac}`, such as `cm-{mac}.cfg`. */
  readonly pattern: string;
  /** JSON: each device's template and its own settings. */
  readonly registrations: string;
  /** Folder with one NAME.json for each template. */
  readonly templates: string;
  /** The secret shared with the CMTS, for the CMTS MIC; undefined for a CMTS without one. */
  readonly sharedSecretFile: string | undefined;
  /**
   * Whether a file contains the address that requested it (TLV 20), so that no other modem can register
   * with it.
   */
  readonly boundToAddress: boolean;
}

export interface DeviceFilesOptions extends DeviceFilesPlan {
  /** The directory that the TFTP server serves; none of these files may lie inside it. */
  readonly root: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many bytes of finished files are kept: 32 MiB by default. */
  readonly keptBytesMax?: number;
}

const keptBytesMaxDefault = 32 * 1024 * 1024;
const registrationsBytesMax = 256 * 1024 * 1024;
const templateBytesMax = 1024 * 1024;
const secretBytesMax = 4096;
/** Files are checked for changes this often. */
const lookMs = 1000;
/** What a kept file costs in addition to its bytes. */
const entryBytes = 512;
const TFTP_MODEM_ADDRESS = 20;

const noSecret = new Uint8Array(0);

/**
 * Configuration files of cable modems, made on request: the device's template with its own settings laid
 * over it, signed with CM MIC and CMTS MIC. A change of the source files takes effect with the first
 * request at least a second after the last check.
 */
export class DeviceFiles {
  readonly #options: DeviceFilesOptions;
  readonly #name: DeviceFileName;
  readonly #registrations: WatchedFile<ReadonlyMap<string, Registration>>;
  readonly #secret: WatchedFile<Uint8Array> | undefined;
  readonly #made: RecentlyUsed<string, Uint8Array>;
  #templates = new Map<string, WatchedFile<readonly Tlv[]>>();
  #lookedAtMs: number;

  /** Throws StartError when a file is missing, is wrong, or lies where any client could fetch it. */
  constructor(options: DeviceFilesOptions) {
    this.#options = options;
    this.#name = nameOf(options.pattern);
    const { registrations, templates, sharedSecretFile, root, logger, clock } = options;
    for (const path of [registrations, templates, sharedSecretFile]) {
      if (path !== undefined) refuseBelow(root, path);
    }
    let known: ReadonlyMap<string, Registration> | undefined;
    this.#registrations = new WatchedFile({
      path: registrations,
      bytesMax: registrationsBytesMax,
      read: (bytes) => {
        const reading = readJson(bytes, (data) => readRegistrations(data, known));
        if (reading.kind === "ok") known = reading.value;
        return reading;
      },
      logger,
    });
    this.#secret =
      sharedSecretFile === undefined
        ? undefined
        : new WatchedFile({
            path: sharedSecretFile,
            bytesMax: secretBytesMax,
            read: readSecret,
            logger,
          });
    this.#made = new RecentlyUsed(
      options.keptBytesMax ?? keptBytesMaxDefault,
      (file) => file.length + entryBytes,
    );
    this.#lookedAtMs = clock.monotonicMs();
    const names = this.#templateNames();
    for (const name of names) this.#template(name);
    const counts = `${this.#registrations.value.size} devices with ${names.size} templates`;
    logger.info(`TFTP makes ${options.pattern} on demand: ${counts}`);
  }

  /**
   * The file of a device. Undefined when the name does not match the pattern or the device is not
   * registered. Throws when the file cannot be made.
   */
  make(filename: string, clientAddress: number): Uint8Array | undefined {
    const device = this.#name.deviceOf(filename);
    if (device === undefined) return undefined;
    this.#look();
    const registration = this.#registrations.value.get(device);
    if (registration === undefined) return undefined;
    const key = this.#options.boundToAddress ? `${device} ${clientAddress}` : device;
    return this.#made.get(key) ?? this.#made.keep(key, this.#sign(registration, clientAddress));
  }

  #sign({ template, settings }: Registration, clientAddress: number): Uint8Array {
    const tlvs = overlaySettings(this.#template(template).value, settings);
    const secret = this.#secret?.value ?? noSecret;
    if (!this.#options.boundToAddress) return encodeCmConfig(tlvs, secret);
    const address = new Uint8Array(4);
    writeIpv4(address, 0, clientAddress);
    return encodeCmConfig(replaceTlv(tlvs, { type: TFTP_MODEM_ADDRESS, value: address }), secret);
  }

  /** A template first named by a change of the registrations is read when it is first needed. */
  #template(name: string): WatchedFile<readonly Tlv[]> {
    let template = this.#templates.get(name);
    if (template === undefined) {
      template = new WatchedFile({
        path: join(this.#options.templates, `${name}.json`),
        bytesMax: templateBytesMax,
        read: (bytes) => readJson(bytes, readTemplate),
        logger: this.#options.logger,
      });
      this.#templates.set(name, template);
    }
    return template;
  }

  #templateNames(): Set<string> {
    return new Set([...this.#registrations.value.values()].map(({ template }) => template));
  }

  #look(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < lookMs) return;
    this.#lookedAtMs = nowMs;
    const wallMs = clock.wallMs();
    const isRegistrations = this.#registrations.refresh(wallMs);
    if (isRegistrations) {
      const names = this.#templateNames();
      this.#templates = new Map([...this.#templates].filter(([name]) => names.has(name)));
    }
    const others = [
      ...this.#templates.values(),
      ...(this.#secret === undefined ? [] : [this.#secret]),
    ];
    const changed = others.filter((file) => file.refresh(wallMs));
    if (isRegistrations || changed.length > 0) this.#made.clear();
  }
}

function nameOf(pattern: string): DeviceFileName {
  try {
    return new DeviceFileName(pattern);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`TFTP's device files: ${error.message}`, { cause: error });
  }
}

/** A client that fetched the secret could sign files, and registrations are confidential. */
function refuseBelow(root: string, path: string): void {
  const real = realPath(path);
  const realRoot = realPath(root);
  if (real !== realRoot && !real.startsWith(realRoot === sep ? sep : `${realRoot}${sep}`)) return;
  throw new StartError(
    `${path}: lies below ${root}, where every client could fetch it by TFTP: move it elsewhere`,
  );
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw refusedBySystem(path, error);
  }
}

/** The secret without one newline at its end, which editors add. */
function readSecret(bytes: Uint8Array): ContentReading<Uint8Array> {
  const value = bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
  // A file is empty for a moment while it is being written.
  if (value.length > 0) return { kind: "ok", value };
  return failed("is empty; without a secret, say noSharedSecret instead");
}
