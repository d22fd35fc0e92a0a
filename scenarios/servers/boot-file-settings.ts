import type { Plain } from "../../protocol/docsis/plain.ts";

// Objects of DOCS-CABLE-DEVICE-MIB (RFC 4639) and PKTC-MTA-MIB / PKTC-SIG-MIB (CableLabs).
const DEVICE_MIB = "1.3.6.1.2.1.69.1";
const MTA_DEVICE = "1.3.6.1.4.1.4491.2.2.1.1.1";
const SIGNALING = "1.3.6.1.4.1.4491.2.2.2.1";
const SYS_LOCATION = "1.3.6.1.2.1.1.6.0";
const IF_ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7";

const CREATE_AND_GO = 4;
const DISCARD = 1;
const ACCEPT = 2;
const TCP = 6;
const UDP = 17;

/** IANA's own, so no maker's modem takes a setting of ours for its own. */
const IANA_VENDOR_ID = "00005e";
const DOCSIS_EXTENSION = "ffffff";
/** Bits of a flow that is provisioned, admitted and active. */
const ALL_SETS = 7;
const BEST_EFFORT = 2;

function integer(oid: string, value: number): Plain {
  return { snmpObject: { oid, integer: value } };
}

/** docsDevNmAccessTable: who may manage the modem. Addresses are those of RFC 5737. */
function managementAccess(index: number, community: string, control: 2 | 3): readonly Plain[] {
  const column = (number: number): string => `${DEVICE_MIB}.2.1.${number}.${index}`;
  return [
    { snmpObject: { oid: column(2), ipAddress: "192.0.2.0" } },
    { snmpObject: { oid: column(3), ipAddress: "255.255.255.0" } },
    { snmpObject: { oid: column(4), text: community } },
    integer(column(5), control),
    // A bit for each interface from 1: here interface 2, the cable side.
    { snmpObject: { oid: column(6), hex: "40" } },
    integer(column(7), CREATE_AND_GO),
  ];
}

/** docsDevFilterIpTable: packets to these ports do not leave the subscriber's network. */
function portFilter(index: number, protocol: number, low: number, high: number): readonly Plain[] {
  const column = (number: number): string => `${DEVICE_MIB}.6.4.1.${number}.${index}`;
  return [
    integer(column(2), CREATE_AND_GO),
    integer(column(3), DISCARD),
    integer(column(5), 3), // both directions
    integer(column(11), protocol),
    integer(column(14), low),
    integer(column(15), high),
  ];
}

const common: readonly Plain[] = [
  { snmpObject: { oid: SYS_LOCATION, text: "simulated plant" } },
  integer(`${DEVICE_MIB}.3.3.0`, 2), // docsDevSwAdminStatus: the operator may upgrade
  integer(`${DEVICE_MIB}.6.1.0`, ACCEPT), // docsDevFilterLLCUnmatchedAction
  integer(`${DEVICE_MIB}.6.3.0`, ACCEPT), // docsDevFilterIpDefault
  ...portFilter(1, UDP, 137, 139), // NetBIOS
  ...portFilter(2, TCP, 137, 139),
];

const communities: readonly Plain[] = [
  ...managementAccess(1, "simulated-read", 2),
  ...managementAccess(2, "simulated-write", 3),
];

const vendor: Plain = {
  vendorSpecific: [{ vendorId: IANA_VENDOR_ID }, { type: 1, hex: "01" }],
};

/** SNMP since DOCSIS 3.0: communities by TLV 53 instead of the access table. */
const coexistence: readonly Plain[] = [
  { snmpAccessView: { name: "everything", subtree: "1.3.6.1", viewType: 1 } },
  ...["simulated-read", "simulated-write"].map((communityName, index) => ({
    snmpCoexistence: {
      communityName,
      transportAccess: { address: "192.0.2.0:0", mask: "255.255.255.0:0" },
      accessViewType: 1 + index,
      accessViewName: "everything",
    },
  })),
];

/** Voice has a flow of its own, which the signalling of its MTA finds by the port of NCS. */
const voice: readonly Plain[] = [
  {
    upstreamClassifier: {
      reference: 1,
      serviceFlowReference: 2,
      priority: 64,
      ipv4: { protocol: UDP, destinationPortStart: 2427, destinationPortEnd: 2427 },
    },
  },
  {
    downstreamClassifier: {
      reference: 2,
      serviceFlowReference: 102,
      priority: 64,
      ipv4: { protocol: UDP, sourcePortStart: 2427, sourcePortEnd: 2427 },
    },
  },
  {
    upstreamServiceFlow: {
      reference: 2,
      qosParameterSet: ALL_SETS,
      trafficPriority: 5,
      maxSustainedRate: 128_000,
      minReservedRate: 12_000,
      schedulingType: BEST_EFFORT,
    },
  },
  {
    downstreamServiceFlow: {
      reference: 102,
      qosParameterSet: ALL_SETS,
      trafficPriority: 5,
      maxSustainedRate: 128_000,
      minReservedRate: 12_000,
    },
  },
];

interface Flow {
  readonly serviceClassName?: string;
  readonly dataRateUnit?: number;
  readonly maxSustainedRate: number;
  readonly maxTrafficBurstBytes: number;
  readonly maxConcatenatedBurstBytes?: number;
  readonly peakTrafficRate?: number;
}

/** The two flows that carry everything but voice. */
function flows(upstream: Flow, downstream: Flow): readonly Plain[] {
  const flow = (reference: number, { serviceClassName, ...rates }: Flow) => ({
    reference,
    ...(serviceClassName && { serviceClassName }),
    ...{ qosParameterSet: ALL_SETS, trafficPriority: 1 },
    ...rates,
  });
  return [
    { upstreamServiceFlow: { ...flow(1, upstream), schedulingType: BEST_EFFORT } },
    { downstreamServiceFlow: flow(101, downstream) },
  ];
}

function groupOf(id: number): Plain {
  return { vendorSpecific: { vendorId: DOCSIS_EXTENSION, loadBalancingGroupId: id } };
}

/**
 * What the modems of each version are told (DOCSIS MULPI, Annex C): a class of service up to 1.0,
 * service flows from 1.1 on. 1.1 and 2.0 share a file, as their vendor class does in the dhcpd.conf.
 */
export const modemSettings: Readonly<Record<"1.0" | "2.0" | "3.0" | "3.1", readonly Plain[]>> = {
  "1.0": [
    { networkAccess: 1 },
    {
      classOfService: {
        classId: 1,
        downstreamBitsPerSecondMax: 8_000_000,
        upstreamBitsPerSecondMax: 1_000_000,
        upstreamPriority: 1,
        upstreamBurstBytesMax: 1600,
        privacyEnable: 0,
      },
    },
    { maxCpe: 2 },
    ...common,
    ...communities,
    vendor,
  ],
  "2.0": [
    { networkAccess: 1 },
    ...flows(
      {
        maxSustainedRate: 5_000_000,
        maxTrafficBurstBytes: 30_000,
        maxConcatenatedBurstBytes: 1600,
      },
      {
        maxSustainedRate: 30_000_000,
        maxTrafficBurstBytes: 100_000,
      },
    ),
    ...voice,
    { maxCpe: 4 },
    { maxClassifiers: 20 },
    { privacyEnable: 1 },
    { docsis20Enable: 1 },
    ...common,
    ...communities,
    vendor,
  ],
  "3.0": [
    { networkAccess: 1 },
    ...flows(
      {
        serviceClassName: "UP-20M",
        maxSustainedRate: 20_000_000,
        maxTrafficBurstBytes: 60_000,
        peakTrafficRate: 25_000_000,
      },
      {
        serviceClassName: "DOWN-200M",
        maxSustainedRate: 200_000_000,
        maxTrafficBurstBytes: 500_000,
        peakTrafficRate: 250_000_000,
      },
    ),
    ...voice,
    { maxCpe: 8 },
    { maxClassifiers: 30 },
    { privacyEnable: 1 },
    { subscriberManagementIpv6AddressesMax: 16 },
    ...common,
    ...coexistence,
    groupOf(1),
    vendor,
  ],
  "3.1": [
    { networkAccess: 1 },
    ...flows(
      {
        serviceClassName: "UP-100M",
        dataRateUnit: 2,
        maxSustainedRate: 100,
        maxTrafficBurstBytes: 150_000,
        peakTrafficRate: 120,
      },
      {
        serviceClassName: "DOWN-1G",
        dataRateUnit: 2,
        maxSustainedRate: 1000,
        maxTrafficBurstBytes: 2_000_000,
        peakTrafficRate: 1100,
      },
    ),
    ...voice,
    { maxCpe: 16 },
    { maxClassifiers: 60 },
    { privacyEnable: 1 },
    { subscriberManagementIpv6AddressesMax: 32 },
    { energyManagementIndicator: 1 },
    { upstreamAqmDisable: 0 },
    ...common,
    ...coexistence,
    groupOf(2),
    vendor,
  ],
};

/** PKTC-SIG-MIB, pktcNcsEndPntConfigTable: one line of telephony, on this interface. */
function telephoneLine(ifIndex: number): readonly Plain[] {
  const column = (number: number): string => `${SIGNALING}.2.1.1.${number}.${ifIndex}`;
  return [
    { snmpObject: { oid: column(1), text: "ca@callagent.example.net" } },
    integer(column(2), 2427), // UDP port of the call agent
    integer(column(26), CREATE_AND_GO),
    integer(`${IF_ADMIN_STATUS}.${ifIndex}`, 1), // up
  ];
}

/** What an MTA with two lines is told; it speaks NCS with one call agent. */
export const mtaSettings: readonly Plain[] = [
  integer(`${MTA_DEVICE}.7.0`, 1), // pktcMtaDevEnabled
  { snmpObject: { oid: SYS_LOCATION, text: "simulated plant" } },
  integer(`${SIGNALING}.1.8.0`, 40), // pktcSigDefCallSigTos
  integer(`${SIGNALING}.1.9.0`, 46), // pktcSigDefMediaStreamTos
  ...telephoneLine(9),
  ...telephoneLine(10),
  vendor,
];
