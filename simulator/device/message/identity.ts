import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { OutgoingOption } from "../../../protocol/dhcp/packet.ts";
import { encodeSubOptions, type SubOption } from "../../../protocol/dhcp/sub-options.ts";
import {
  CABLELABS_ENTERPRISE,
  CableLabsCode,
  CableVendorCode,
  encodeEncapsulated,
  encodeVendorOptions,
} from "../../../protocol/dhcp/vendor.ts";
import {
  buildVendorClass,
  DocsisVersion as DocsisVersionCode,
  ModemCapability,
  MtaCapability,
} from "../../../protocol/dhcp/vendor-class.ts";
import {
  type DeviceKind,
  type DocsisVersion,
  deviceKinds,
  docsisVersions,
  type Population,
} from "../../../scenarios/population/population.ts";

/** Devices of one model look the same on the wire, but for MAC and unit number. */
interface DeviceModel {
  readonly kind: DeviceKind;
  /** Only for a cable modem. */
  readonly docsis?: DocsisVersion;
}

/** One model for each DOCSIS version, then one for every other kind. */
export const deviceModels: readonly DeviceModel[] = [
  ...docsisVersions.map((docsis): DeviceModel => ({ kind: "cable-modem", docsis })),
  ...deviceKinds.slice(1).map((kind): DeviceModel => ({ kind })),
];

/** The index in `deviceModels` of a device. */
export function modelIndexOf(population: Population, device: number): number {
  const version = population.docsisVersionOf(device);
  if (version !== undefined) return docsisVersions.indexOf(version);
  return docsisVersions.length - 1 + population.kindIndexOf(device);
}

const Code = OptionCode;
// Parameter request list of each kind, in its own order (RFC 2132 section 9.8).
const requestLists: Readonly<Record<DeviceKind, readonly number[]>> = {
  "cable-modem": [1, 3, 2, 4, 6, 7, 12, 15, 54, 66, 67, 122, 125, 150],
  mta: [1, 2, 3, 6, 7, 12, 15, 54, 122],
  cpe: [1, 3, 6, 12, 15, 28, 42],
  "smart-meter": [1, 3, 2, 4, 6, 7, 12, 42, 66, 67, 150],
};

/** A place in option 43 or 12 that holds the unit number as six hexadecimal digits. */
const UNIT_MARK = "\u0000\u0000\u0000\u0000\u0000\u0000";

/** The options that a device sends in every message, after 53, 54 and 50. */
export function identityOptions(model: DeviceModel): OutgoingOption[] {
  const options: OutgoingOption[] = [];
  if (model.kind !== "mta") {
    // Hardware type and MAC; the MAC is filled in for each device.
    options.push({ code: Code.clientIdentifier, value: Uint8Array.of(1, 0, 0, 0, 0, 0, 0) });
  }
  const vendorClass = vendorClassOf(model);
  if (vendorClass !== undefined) {
    options.push({ code: Code.vendorClassIdentifier, value: vendorClass });
  }
  if (model.kind === "cpe") options.push({ code: Code.hostName, value: ascii(`cpe-${UNIT_MARK}`) });
  options.push({ code: Code.maxMessageSize, value: Uint8Array.of(0x05, 0xdc) });
  options.push({
    code: Code.parameterRequestList,
    value: Uint8Array.from(requestLists[model.kind]),
  });
  if (model.kind === "cable-modem" || model.kind === "mta") {
    options.push({ code: Code.vendorEncapsulatedOptions, value: vendorBlock(model.kind) });
  }
  if (model.docsis === "3.0" || model.docsis === "3.1") {
    options.push({ code: Code.vendorOptions, value: cableLabsOptions(model.docsis) });
  }
  return options;
}

/**
 * Option 60. A 1.0 modem sends none (CLASS-9); DOCSIS 1.1 and later and PacketCable append their
 * capabilities as hexadecimal text of one TLV of type 5 (CLASS-5).
 */
export function vendorClassOf(model: DeviceModel): Uint8Array | undefined {
  switch (model.kind) {
    case "cable-modem": {
      const { docsis } = model;
      if (docsis === undefined || docsis === "1.0") return undefined;
      const capabilities = modemCapabilities(docsis);
      return buildVendorClass({ family: "docsis", version: docsis, capabilities });
    }
    case "mta":
      return buildVendorClass({ family: "pktc", version: "1.0", capabilities: mtaCapabilities });
    case "cpe":
      return ascii("udhcp 1.36.1");
    case "smart-meter":
      return ascii("iec62056:meter-1");
  }
}

function modemCapabilities(version: DocsisVersion): SubOption[] {
  const generation = DocsisVersionCode[version];
  const Capability = ModemCapability;
  const capabilities = [
    capability(Capability.concatenation, 1),
    capability(Capability.docsisVersion, generation),
    capability(Capability.fragmentation, 1),
    capability(Capability.headerSuppression, 1),
    capability(Capability.igmp, 1),
    capability(Capability.privacy, 1),
    capability(Capability.downstreamSaids, generation >= 3 ? 32 : 15),
    capability(Capability.upstreamServiceFlows, 16),
    capability(Capability.optionalFiltering, 0),
    capability(Capability.tapsPerInterval, 1),
    capability(Capability.equalizerTaps, generation >= 2 ? 24 : 8),
    capability(Capability.channelChange, 1),
  ];
  if (generation < 3) return capabilities;
  return [
    ...capabilities,
    capability(Capability.multipleTransmitChannels, generation === 3 ? 4 : 8),
    capability(Capability.multipleReceiveChannels, generation === 3 ? 8 : 32),
    capability(Capability.ipv6, 1),
  ];
}

/** PacketCable 1.0: two lines; PCMU, PCMA and G.729; no secure flow. */
const mtaCapabilities: readonly SubOption[] = [
  capability(MtaCapability.version, 0),
  capability(MtaCapability.endpoints, 2),
  capability(MtaCapability.ticketGrantingTicket, 1),
  capability(MtaCapability.httpDownload, 0),
  capability(MtaCapability.syslog, 1),
  capability(MtaCapability.ticketStorage, 1),
  capability(MtaCapability.codecs, 6, 9, 3),
  capability(MtaCapability.silenceSuppression, 1),
  capability(MtaCapability.echoCancellation, 1),
  capability(MtaCapability.interfaceIndexStart, 9),
  capability(MtaCapability.supportedFlows, 0, 7),
];

function capability(code: number, ...value: readonly number[]): SubOption {
  return { code, value: Uint8Array.from(value) };
}

/** Option 43 as modems and MTAs send it. */
function vendorBlock(kind: "cable-modem" | "mta"): Uint8Array {
  const isModem = kind === "cable-modem";
  const fields: readonly (readonly [number, string])[] = [
    [CableVendorCode.deviceType, isModem ? "ECM" : "EMTA"],
    [CableVendorCode.esafeTypes, isModem ? "ECM" : "ECM:EMTA"],
    [CableVendorCode.serialNumber, `PL${UNIT_MARK}`],
    [CableVendorCode.hardwareVersion, "1.0"],
    [CableVendorCode.softwareVersion, "2.4.1"],
    [CableVendorCode.bootRomVersion, "1.1"],
    [CableVendorCode.vendorOui, "020000"],
    [CableVendorCode.modelNumber, isModem ? "CM-1" : "MTA-1"],
    [CableVendorCode.vendorName, "Provlab"],
  ];
  return encodeEncapsulated(fields.map(([code, text]) => ({ code, value: ascii(text) })));
}

/** Option 125 of CableLabs: asks for TFTP servers and repeats the capabilities in binary. */
function cableLabsOptions(version: DocsisVersion): Uint8Array {
  const options = [
    { code: CableLabsCode.optionRequest, value: Uint8Array.of(CableLabsCode.tftpServers) },
    {
      code: CableLabsCode.modemCapabilities,
      value: encodeSubOptions(modemCapabilities(version)),
    },
  ];
  return encodeVendorOptions([{ enterprise: CABLELABS_ENTERPRISE, options }]);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
