import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { readIpv4, writeIpv4 } from "../ipv4.ts";
import { OptionCode } from "./option-code.ts";
import { decodeSubOptions, encodeSubOptions, type SubOption } from "./sub-options.ts";

/** CableLabs' enterprise number in options 124 and 125 of DOCSIS devices. */
export const CABLELABS_ENTERPRISE = 4491;

/** Sub-options of option 43 as cable modems and MTAs send them. */
export const CableVendorCode = {
  deviceType: 2,
  esafeTypes: 3,
  serialNumber: 4,
  hardwareVersion: 5,
  softwareVersion: 6,
  bootRomVersion: 7,
  vendorOui: 8,
  modelNumber: 9,
  vendorName: 10,
} as const;

/** Sub-options of option 125 under CABLELABS_ENTERPRISE. */
export const CableLabsCode = {
  optionRequest: 1,
  tftpServers: 2,
  modemCapabilities: 5,
} as const;

/** Sub-options of option 122 that DOCSIS sends to cable modems (RFC 3495). */
export const CccCode = { primaryDhcpServer: 1, secondaryDhcpServer: 2 } as const;

/** One vendor class of option 124 (RFC 3925, section 3). */
export interface VendorClass {
  readonly enterprise: number;
  readonly data: Uint8Array;
}

/** One vendor's part of option 125 (RFC 3925, section 4). */
export interface VendorOptions {
  readonly enterprise: number;
  readonly options: readonly SubOption[];
}

/** Option 43 as RFC 2132, section 8.4 encapsulates it, written without pads and End. */
export function encodeEncapsulated(options: readonly SubOption[]): Uint8Array {
  for (const { code } of options) {
    if (code === OptionCode.pad || code === OptionCode.end) {
      throw new EncodeError(`code ${code} cannot be a sub-option of option 43`);
    }
  }
  return encodeSubOptions(options);
}

/** Option 43: code 0 is a pad, 255 ends the list. Throws DecodeError "truncated-option". */
export function decodeEncapsulated(bytes: Uint8Array): SubOption[] {
  const options: SubOption[] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== OptionCode.end) {
    if (bytes[at] === OptionCode.pad) {
      at += 1;
      continue;
    }
    if (at + 1 >= bytes.length) throw new DecodeError("truncated-option", at);
    const next = at + 2 + bytes[at + 1];
    if (next > bytes.length) throw new DecodeError("truncated-option", at);
    options.push({ code: bytes[at], value: bytes.subarray(at + 2, next) });
    at = next;
  }
  return options;
}

/** Option 124. Throws EncodeError when a class has more than 255 bytes. */
export function encodeVendorClasses(classes: readonly VendorClass[]): Uint8Array {
  const bytes = new Uint8Array(classes.reduce((sum, { data }) => sum + 5 + data.length, 0));
  let at = 0;
  for (const { enterprise, data } of classes) {
    if (data.length > 255) {
      throw new EncodeError(`data of enterprise ${enterprise} has ${data.length} bytes of 255`);
    }
    writeIpv4(bytes, at, enterprise);
    bytes[at + 4] = data.length;
    bytes.set(data, at + 5);
    at += 5 + data.length;
  }
  return bytes;
}

/** Option 124. Data are views. Throws DecodeError "truncated-option". */
export function decodeVendorClasses(bytes: Uint8Array): VendorClass[] {
  const classes: VendorClass[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 5 > bytes.length) throw new DecodeError("truncated-option", at);
    const next = at + 5 + bytes[at + 4];
    if (next > bytes.length) throw new DecodeError("truncated-option", at);
    classes.push({ enterprise: readIpv4(bytes, at), data: bytes.subarray(at + 5, next) });
    at = next;
  }
  return classes;
}

/** Option 125. Throws EncodeError when one vendor's options have more than 255 bytes. */
export function encodeVendorOptions(vendors: readonly VendorOptions[]): Uint8Array {
  return encodeVendorClasses(
    vendors.map(({ enterprise, options }) => ({ enterprise, data: encodeSubOptions(options) })),
  );
}

/** Option 125. Values are views. Throws DecodeError "truncated-option". */
export function decodeVendorOptions(bytes: Uint8Array): VendorOptions[] {
  return decodeVendorClasses(bytes).map(({ enterprise, data }) => ({
    enterprise,
    options: decodeSubOptions(data),
  }));
}
