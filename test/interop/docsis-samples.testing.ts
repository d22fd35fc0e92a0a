import type { Prng } from "../../base/prng.ts";
import { isPlainObject, type Plain } from "../../protocol/docsis/plain.ts";
import type { TlvDefinition, TlvTable } from "../../protocol/docsis/tlv-definition.ts";
import { formatHex } from "../../protocol/hex.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatIpv6 } from "../../protocol/ipv6.ts";
import { formatMac } from "../../protocol/mac.ts";

/** Fields of a classifier, in any direction. */
const classifier: Plain = {
  reference: 1,
  classifierId: 2,
  serviceFlowReference: 3,
  serviceFlowId: 70_000,
  priority: 9,
  activation: 1,
  dynamicChangeAction: 1,
  ipv4: {
    tosRangeAndMask: "0102ff",
    protocol: 17,
    sourceAddress: "10.0.0.0",
    sourceMask: "255.0.0.0",
    destinationAddress: "10.1.0.0",
    destinationMask: "255.255.0.0",
    sourcePortStart: 1,
    sourcePortEnd: 2,
    destinationPortStart: 5060,
    destinationPortEnd: 5061,
  },
  ethernet: {
    destinationMac: "02:10:00:00:00:02",
    sourceMac: "02:10:00:00:00:01",
    etherType: "010800",
  },
  vlan: { userPriority: [1, 7], vlanId: 1600 },
  ipv6: {
    trafficClassRangeAndMask: "0102ff",
    flowLabel: "00012345",
    nextHeader: 58,
    sourceAddress: "2001:db8::1",
    sourcePrefixLength: 64,
    destinationAddress: "2001:db8::2",
    destinationPrefixLength: 48,
  },
};

const flow: Readonly<Record<string, Plain>> = {
  reference: 1,
  serviceFlowId: 70_001,
  serviceClassName: "gold",
  qosParameterSet: 7,
  trafficPriority: 5,
  maxSustainedRate: 256_000,
  maxTrafficBurstBytes: 3044,
  minReservedRate: 1000,
  minReservedPacketBytes: 64,
  activeTimeoutSeconds: 5,
  admittedTimeoutSeconds: 6,
  tosOverwrite: "fca0",
  peakTrafficRate: 512_000,
  requiredAttributes: "80000001",
  forbiddenAttributes: "00000002",
  attributeAggregationRule: "00000003",
};

/** A setting for everything in a modem's file that tshark 4.4 has a name for. */
export const everySetting: readonly Readonly<Record<string, Plain>>[] = [
  { downstreamFrequencyHz: 681_000_000 },
  { upstreamChannelId: 3 },
  { networkAccess: 1 },
  {
    classOfService: {
      classId: 1,
      downstreamBitsPerSecondMax: 20_000_000,
      upstreamBitsPerSecondMax: 10_000_000,
      upstreamPriority: 3,
      upstreamBitsPerSecondMin: 56_072,
      upstreamBurstBytesMax: 1722,
      privacyEnable: 1,
    },
  },
  {
    modemCapabilities: {
      concatenation: 1,
      docsisVersion: 3,
      fragmentation: 1,
      headerSuppression: 0,
      igmp: 1,
      privacy: 1,
      downstreamSaids: 15,
      upstreamServiceFlows: 16,
      tapsPerInterval: 1,
      equalizerTaps: 24,
      channelChange: 1,
      ipFilters: 8,
      llcFilters: 9,
      expandedSidSpace: 1,
      l2vpn: 1,
      l2vpnESafeHost: "0102030405060708",
      dutFiltering: 1,
      upstreamFrequencyRange: 2,
      selectableActiveCodes2: 1,
      codeHopping2: 0,
      multipleTransmitChannels: 4,
      transmitChannels5120: 5,
      transmitChannels2560: 6,
      sidClusters: 16,
      sidClustersPerServiceFlow: 2,
      multipleReceiveChannels: 8,
      downstreamServiceIds: 32,
      resequencingServiceIds: 33,
      multicastServiceIds: 34,
      multicastForwarding: 2,
      frameControlForwarding: 1,
      unsolicitedGrant: 3,
      mapAndUcdReceipt: 1,
      upstreamDropClassifiers: 64,
      ipv6: 1,
      extendedTransmitPower: 1,
      statusAcknowledgement: 1,
    },
  },
  { softwareFilename: "SomeFile.bin" },
  { snmpWriteControl: { oid: "1.3.6.1.2.1", forbidden: true } },
  { snmpObject: { oid: "1.3.6.1.2.1.69.1.6.3.0", integer: 1 } },
  { modemAddress: "10.1.2.3" },
  { cpeMac: "02:00:00:00:00:01" },
  { baselinePrivacy: { authorizeWaitSeconds: 10, reauthorizeWaitSeconds: 11 } },
  { maxCpe: 16 },
  { tftpTimestamp: 3_900_000_000 },
  { tftpModemAddress: "10.1.2.4" },
  { softwareServer: "10.1.2.5" },
  { upstreamClassifier: classifier },
  { downstreamClassifier: classifier },
  {
    upstreamServiceFlow: {
      ...flow,
      serviceId: 77,
      maxConcatenatedBurstBytes: 1522,
      schedulingType: 2,
      requestTransmissionPolicy: "0000008a",
      nominalPollingIntervalMicroseconds: 20_000,
      toleratedPollJitterMicroseconds: 800,
      unsolicitedGrantBytes: 200,
      nominalGrantIntervalMicroseconds: 10_000,
      toleratedGrantJitterMicroseconds: 900,
      grantsPerInterval: 2,
      requestedBytesMultiplier: 4,
    },
  },
  { downstreamServiceFlow: { ...flow, maxLatencyMicroseconds: 5000, resequencing: 1 } },
  {
    headerSuppression: {
      classifierReference: 1,
      classifierId: 2,
      serviceFlowReference: 3,
      serviceFlowId: 4,
      dynamicChangeAction: 1,
      suppressedField: "0102",
      index: 5,
      mask: "c0",
      suppressedBytes: 2,
      bondingChangeAction: 1,
    },
  },
  { maxClassifiers: 20 },
  { privacyEnable: 0 },
  { manufacturerCvc: "3003020101" },
  { coSignerCvc: "3003020102" },
  { snmpV3Kickstart: { securityName: "docsisManager", managerPublicNumber: "0102030405" } },
  { subscriberManagementControl: "0a0101" },
  { subscriberManagementCpeAddresses: ["10.11.0.1", "192.0.2.5"] },
  { subscriberManagementFilterGroups: [0, 1, 2, 3] },
  { snmpV3NotificationReceiver: { address: "10.1.2.9", port: 162 } },
  { docsis20Enable: 1 },
  { enableTestModes: "01" },
  {
    downstreamChannelList: {
      singleChannel: { timeoutSeconds: 5, frequencyHz: 681_000_000 },
      frequencyRange: {
        timeoutSeconds: 6,
        startHz: 600_000_000,
        endHz: 700_000_000,
        stepHz: 6_000_000,
      },
      defaultScanTimeoutSeconds: 7,
    },
  },
  { multicastMac: "01:00:5e:00:00:01" },
  {
    vendorSpecific: {
      vendorId: "ffffff",
      loadBalancingPolicyId: 5,
      loadBalancingPriority: 6,
      loadBalancingGroupId: 7,
      rangingClassIdExtension: 8,
      extendedCmtsMic: { hmacType: 1, tlvBitmap: "70", explicitDigest: "0a0b" },
      attributeMasks: {
        downstreamRequired: "00000001",
        downstreamForbidden: "00000002",
        upstreamRequired: "00000003",
        upstreamForbidden: "00000004",
      },
      serviceTypeIdentifier: "business",
    },
  },
  { dutFiltering: { control: 1, interfaceMask: "80" } },
  {
    channelAssignment: [
      { upstreamChannelId: 1 },
      { upstreamChannelId: 2 },
      { downstreamFrequencyHz: 410_000_000 },
    ],
  },
  { softwareServerIpv6: "2001:db8::9" },
  { tftpModemIpv6Address: "2001:db8::a" },
  { upstreamDropClassifier: { reference: 1, priority: 2 } },
  { subscriberManagementIpv6Prefixes: ["2001:db8:5::/48"] },
  { upstreamDropClassifierGroups: [1, 2] },
  { subscriberManagementIpv6AddressesMax: 5 },
  { staticMulticastSession: { group: "232.2.3.4", source: "10.5.6.7", interfaceMask: "aabb" } },
  { energyManagementIndicator: 1 },
];

/**
 * The same settings with other values, of the same kinds: numbers up to the ends of their ranges,
 * text and bytes of the same length. What is no plain value (an SNMP object, a prefix) stays.
 */
export function randomValues(settings: unknown, table: TlvTable, prng: Prng): Plain {
  if (Array.isArray(settings)) return settings.map((item) => randomValues(item, table, prng));
  if (!isPlainObject(settings)) throw new TypeError(`no settings: ${JSON.stringify(settings)}`);
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const definition = table.byName.get(name);
      if (definition === undefined) throw new TypeError(`no setting is called ${name}`);
      return [name, randomValue(value as Plain, definition, prng)];
    }),
  );
}

function randomValue(value: Plain, definition: TlvDefinition, prng: Prng): Plain {
  // The vendor's number says what the fields after it mean.
  if (definition.name === "vendorId") return value;
  switch (definition.kind) {
    case "group":
      return randomValues(value, definition.fields, prng);
    case "u8":
    case "u16":
    case "u32":
      return randomNumber(definition.least, definition.most, prng);
    case "u8-power-of-two":
      return 2 ** prng.nextBelow(Math.log2(definition.most) + 1);
    case "u8-list":
      return (value as readonly Plain[]).map(() => randomNumber(0, 0xff, prng));
    case "u16-list":
      return (value as readonly Plain[]).map(() => randomNumber(0, 0xffff, prng));
    case "text":
    case "text-zero":
      return Array.from(value as string, () => randomPrintable(prng)).join("");
    case "hex":
    case "chain":
      return formatHex(randomBytes((value as string).length / 2, prng));
    case "ip":
    case "ipv4":
      return formatIpv4(prng.nextUInt32());
    case "ipv4-list":
      return (value as readonly Plain[]).map(() => formatIpv4(prng.nextUInt32()));
    case "ipv6":
      return formatIpv6(randomBytes(16, prng));
    case "mac":
    case "mac-mask":
      return formatMac(randomBytes(6, prng));
    default:
      return value;
  }
}

/** One in four is an end of the range. */
function randomNumber(least: number, most: number, prng: Prng): number {
  const choice = prng.nextBelow(8);
  if (choice === 0) return least;
  if (choice === 1) return most;
  return least + Math.floor(prng.nextFloat() * (most - least + 1));
}

const randomBytes = (count: number, prng: Prng): Uint8Array =>
  Uint8Array.from({ length: count }, () => prng.nextBelow(256));

const randomPrintable = (prng: Prng): string => String.fromCharCode(0x20 + prng.nextBelow(0x5f));
