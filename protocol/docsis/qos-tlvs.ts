import { field, group, type TlvDefinition } from "./tlv-definition.ts";
import { vendorSpecific } from "./vendor-tlvs.ts";

const ipv4Classification = group(
  9,
  "ipv4",
  /** Minimum, maximum and mask of the type-of-service byte. */
  field(1, "tosRangeAndMask", "hex", [3, 3]),
  /** 256 is any protocol, 257 is TCP and UDP. */
  field(2, "protocol", "u16", [0, 257]),
  field(3, "sourceAddress", "ipv4"),
  field(4, "sourceMask", "ipv4"),
  field(5, "destinationAddress", "ipv4"),
  field(6, "destinationMask", "ipv4"),
  field(7, "sourcePortStart", "u16"),
  field(8, "sourcePortEnd", "u16"),
  field(9, "destinationPortStart", "u16"),
  field(10, "destinationPortEnd", "u16"),
);

// All three kinds of classifier match packets by these fields.
const matches: readonly TlvDefinition[] = [
  ipv4Classification,
  group(
    10,
    "ethernet",
    field(1, "destinationMac", "mac-mask"),
    field(2, "sourceMac", "mac"),
    field(3, "etherType", "hex", [3, 3]),
  ),
  group(11, "vlan", field(1, "userPriority", "u8-list", [2, 2]), field(2, "vlanId", "u16")),
  group(
    12,
    "ipv6",
    field(1, "trafficClassRangeAndMask", "hex", [3, 3]),
    field(2, "flowLabel", "hex", [4, 4]),
    field(3, "nextHeader", "u16", [0, 257]),
    field(4, "sourceAddress", "ipv6"),
    field(5, "sourcePrefixLength", "u8", [0, 128]),
    field(6, "destinationAddress", "ipv6"),
    field(7, "destinationPrefixLength", "u8", [0, 128]),
  ),
  field(13, "interfaceMask", "hex"),
  field(14, "stagCtag", "hex"),
  field(15, "ieee8021ah", "hex"),
  group(16, "icmp", field(1, "typeStart", "u8"), field(2, "typeEnd", "u8")),
  field(17, "mpls", "hex"),
  vendorSpecific,
];

/** TLV 22 and 23 (MULPI, Annex C.2.1): assigns packets to service flows. */
export function packetClassifier(type: number, name: string): TlvDefinition {
  return group(
    type,
    name,
    field(1, "reference", "u8", [1, 255]),
    field(2, "classifierId", "u16", [1, 65_535]),
    field(3, "serviceFlowReference", "u16", [1, 65_535]),
    field(4, "serviceFlowId", "u32", [1, 0xffff_ffff]),
    field(5, "priority", "u8"),
    field(6, "activation", "u8", [0, 1]),
    field(7, "dynamicChangeAction", "u8", [0, 2]),
    ...matches,
  );
}

/** TLV 60: packets that the modem drops. */
export const upstreamDropClassifier = group(
  60,
  "upstreamDropClassifier",
  field(1, "reference", "u8", [1, 255]),
  field(2, "classifierId", "u16", [1, 65_535]),
  field(5, "priority", "u8"),
  field(7, "dynamicChangeAction", "u8", [0, 2]),
  ...matches,
);

// Annex C.2.2: parameters of a flow in either direction.
const flowParameters: readonly TlvDefinition[] = [
  field(1, "reference", "u16", [1, 65_535]),
  field(2, "serviceFlowId", "u32", [1, 0xffff_ffff]),
  field(4, "serviceClassName", "text-zero", [1, 15]),
  /** Bit 0 provisioned, 1 admitted, 2 active: a flow with 7 works at once. */
  field(6, "qosParameterSet", "u8"),
  field(7, "trafficPriority", "u8", [0, 7]),
  field(8, "maxSustainedRate", "u32"),
  field(9, "maxTrafficBurstBytes", "u32"),
  field(10, "minReservedRate", "u32"),
  field(11, "minReservedPacketBytes", "u16"),
  field(12, "activeTimeoutSeconds", "u16"),
  field(13, "admittedTimeoutSeconds", "u16"),
  field(23, "tosOverwrite", "hex", [2, 2]),
  field(27, "peakTrafficRate", "u32"),
  field(31, "requiredAttributes", "hex", [4, 4]),
  field(32, "forbiddenAttributes", "hex", [4, 4]),
  field(33, "attributeAggregationRule", "hex", [4, 4]),
  field(34, "applicationId", "u32"),
  group(
    35,
    "bufferControl",
    field(1, "minimumBytes", "u32"),
    field(2, "targetBytes", "u32"),
    field(3, "maximumBytes", "u32"),
  ),
  field(36, "aggregateServiceFlowReference", "u16", [1, 65_535]),
  field(37, "mespReference", "u16", [1, 65_535]),
  group(
    40,
    "activeQueueManagement",
    field(1, "disable", "u8", [0, 1]),
    field(2, "latencyTargetMs", "u8"),
    field(3, "algorithm", "u8"),
    field(4, "immediateThresholdMax", "u16"),
    field(5, "immediateRangeExponent", "u8"),
    field(6, "latencyHistogramBins", "u16-list", [1, 15]),
  ),
  /** 0: the rates are in bit/s, 1: kbit/s, 2: Mbit/s, 3: Gbit/s. */
  field(41, "dataRateUnit", "u8", [0, 3]),
  vendorSpecific,
];

export const upstreamServiceFlow = group(
  24,
  "upstreamServiceFlow",
  ...flowParameters,
  field(3, "serviceId", "u16"),
  field(14, "maxConcatenatedBurstBytes", "u16"),
  field(15, "schedulingType", "u8"),
  field(16, "requestTransmissionPolicy", "hex", [4, 4]),
  field(17, "nominalPollingIntervalMicroseconds", "u32"),
  field(18, "toleratedPollJitterMicroseconds", "u32"),
  field(19, "unsolicitedGrantBytes", "u16"),
  field(20, "nominalGrantIntervalMicroseconds", "u32"),
  field(21, "toleratedGrantJitterMicroseconds", "u32"),
  field(22, "grantsPerInterval", "u8", [0, 127]),
  field(26, "requestedBytesMultiplier", "u8-power-of-two", [1, 16]),
);

export const downstreamServiceFlow = group(
  25,
  "downstreamServiceFlow",
  ...flowParameters,
  field(14, "maxLatencyMicroseconds", "u32"),
  field(17, "resequencing", "u8", [0, 1]),
);

/** TLV 26 (Annex C.2.3): payload header suppression. */
export const headerSuppression = group(
  26,
  "headerSuppression",
  field(1, "classifierReference", "u8", [1, 255]),
  field(2, "classifierId", "u16", [1, 65_535]),
  field(3, "serviceFlowReference", "u16", [1, 65_535]),
  field(4, "serviceFlowId", "u32", [1, 0xffff_ffff]),
  field(5, "dynamicChangeAction", "u8", [0, 3]),
  field(7, "suppressedField", "hex", [1, 255]),
  field(8, "index", "u8", [1, 255]),
  field(9, "mask", "hex", [1, 255]),
  field(10, "suppressedBytes", "u8", [1, 255]),
  field(11, "verification", "u8", [0, 1]),
  field(13, "bondingChangeAction", "u8", [0, 1]),
  vendorSpecific,
);

/** TLV 70 and 71: several flows that share a rate. */
export function aggregateServiceFlow(type: number, name: string): TlvDefinition {
  return group(
    type,
    name,
    field(1, "reference", "u16", [1, 65_535]),
    field(4, "profileName", "text-zero", [1, 15]),
    field(7, "trafficPriority", "u8", [0, 7]),
    field(8, "maxSustainedRate", "u32"),
    field(9, "maxTrafficBurstBytes", "u32"),
    field(10, "minReservedRate", "u32"),
    field(11, "minReservedPacketBytes", "u16"),
    field(27, "peakTrafficRate", "u32"),
    field(37, "mespReference", "u16", [1, 65_535]),
    field(38, "matchingCriteria", "hex"),
    field(41, "dataRateUnit", "u8", [0, 3]),
    field(42, "lowLatency", "hex"),
  );
}
