import type { Plain } from "../../protocol/docsis/plain.ts";
import type { DissectedField } from "./tshark.testing.ts";

type Reader = (field: DissectedField) => Plain;

const text: Reader = ({ show }) => show;
const hex: Reader = (field) => field.hex;
const number: Reader = ({ show }) => Number(show);
const numberFromBytes: Reader = (field) => Number.parseInt(field.hex, 16);
/** tshark shows True for any number but 0. */
const flag: Reader = (field) => {
  if ((field.show === "True") === !/^0+$/.test(field.hex)) return numberFromBytes(field);
  throw new Error(`tshark shows ${field.hex} as ${field.show}`);
};
const numbers =
  (bytesEach: number): Reader =>
  (field) =>
    piecesOf(field.hex, bytesEach).map((piece) => Number.parseInt(piece, 16));
const ipv4FromBytes: Reader = (field) =>
  piecesOf(field.hex, 1)
    .map((piece) => Number.parseInt(piece, 16))
    .join(".");
const oneOfMany: Reader = ({ show }) => [show];
const group: Reader = ({ fields }) => inOneObject(settingsOf(fields));

function piecesOf(text: string, bytesEach: number): string[] {
  return text.match(new RegExp(`.{${2 * bytesEach}}`, "g")) ?? [];
}

/**
 * What tshark 4.4 calls the settings of a modem's file, and what we do: fields by the name in a
 * display filter, groups by their heading. Not here is what it does not know (TLV 53 and 55, the
 * DOCSIS 3.1 parameters of a flow, ...) and comes as raw bytes; what it takes apart and we do not (the
 * bits of capabilities 5.9, 5.16, 5.21, 5.35 and 5.44, and 43.5, 43.7 and 43.10); and two that it
 * reads in its own way: the destination MAC address of a classifier, which it wants without a mask,
 * and verification in header suppression (26.11), which it takes for the suppressed field.
 */
const known: Readonly<Record<string, readonly [name: string, read: Reader]>> = {
  downfreq: ["downstreamFrequencyHz", number],
  upchid: ["upstreamChannelId", number],
  netaccess: ["networkAccess", flag],
  "Class of Service Type": ["classOfService", group],
  "cos.id": ["classId", number],
  "cos.maxdown": ["downstreamBitsPerSecondMax", number],
  "cos.maxup": ["upstreamBitsPerSecondMax", number],
  "cos.upchnlpri": ["upstreamPriority", number],
  "cos.mingrntdup": ["upstreamBitsPerSecondMin", number],
  "cos.maxupburst": ["upstreamBurstBytesMax", number],
  "cos.privacy_enable": ["privacyEnable", flag],
  "Modem Capabilities Type": ["modemCapabilities", group],
  "mcap.concat": ["concatenation", flag],
  "map.docsver": ["docsisVersion", number],
  "mcap.frag": ["fragmentation", flag],
  "mcap.phs": ["headerSuppression", flag],
  "mcap.igmp": ["igmp", flag],
  "mcap.privacy": ["privacy", flag],
  "mcap.downsaid": ["downstreamSaids", number],
  "mcap.upsid": ["upstreamServiceFlows", number],
  "mcap.tapspersym": ["tapsPerInterval", number],
  "mcap.numtaps": ["equalizerTaps", number],
  "mcap.dcc": ["channelChange", flag],
  "mcap.ipfilters": ["ipFilters", number],
  "mcap.llcfilters": ["llcFilters", number],
  "mcap.exucsid": ["expandedSidSpace", flag],
  "mcap.l2vpn": ["l2vpn", numberFromBytes],
  "mcap.l2vpnesafe": ["l2vpnESafeHost", hex],
  "mcap.dut": ["dutFiltering", numberFromBytes],
  "mcap.usfreqrng": ["upstreamFrequencyRange", number],
  "mcap.sac": ["selectableActiveCodes2", flag],
  "mcap.codehopm2": ["codeHopping2", flag],
  "mcap.mtc": ["multipleTransmitChannels", number],
  "mcap.512mspsutc": ["transmitChannels5120", number],
  "mcap.256mspsutc": ["transmitChannels2560", number],
  "mcap.totalsidcl": ["sidClusters", number],
  "mcap.sidpersf": ["sidClustersPerServiceFlow", number],
  "mcap.mrc": ["multipleReceiveChannels", number],
  "mcap.totaldsid": ["downstreamServiceIds", number],
  "mcap.reseqdsid": ["resequencingServiceIds", number],
  "mcap.mcdsid": ["multicastServiceIds", number],
  "mcap.mcdsidfwd": ["multicastForwarding", number],
  "mcap.fctypefwd": ["frameControlForwarding", number],
  "mcap.ugs": ["unsolicitedGrant", number],
  "mcap.mapucd": ["mapAndUcdReceipt", flag],
  "mcap.udc": ["upstreamDropClassifiers", number],
  "mcap.ipv6": ["ipv6", flag],
  "mcap.extustrpwr": ["extendedTransmitPower", number],
  "mcap.cm_status_ack": ["statusAcknowledgement", number],
  sw_upg_file: ["softwareFilename", text],
  modemaddr: ["modemAddress", text],
  cpe_ether: ["cpeMac", text],
  maxcpe: ["maxCpe", number],
  tftp_time: ["tftpTimestamp", number],
  tftpmodemaddr: ["tftpModemAddress", text],
  sw_upg_srvr: ["softwareServer", text],
  "Upstream Packet Classifier": ["upstreamClassifier", group],
  "Downstream Packet Classifier": ["downstreamClassifier", group],
  "clsfr.ref": ["reference", number],
  "clsfr.id": ["classifierId", number],
  "clsfr.sflowref": ["serviceFlowReference", number],
  "clsfr.sflowid": ["serviceFlowId", number],
  "clsfr.rulepri": ["priority", number],
  "clsfr.actstate": ["activation", flag],
  "clsfr.dscact": ["dynamicChangeAction", number],
  "IP Classifier": ["ipv4", group],
  "clsfr.ip.tosmask": ["tosRangeAndMask", hex],
  "clsfr.ip.ipproto": ["protocol", number],
  "clsfr.ip.src": ["sourceAddress", text],
  "clsfr.ip.smask": ["sourceMask", text],
  "clsfr.ip.dst": ["destinationAddress", text],
  "clsfr.ip.dmask": ["destinationMask", text],
  "clsfr.ip.sportstart": ["sourcePortStart", number],
  "clsfr.ip.sportend": ["sourcePortEnd", number],
  "clsfr.ip.dportstart": ["destinationPortStart", number],
  "clsfr.ip.dportend": ["destinationPortEnd", number],
  "Ethernet Classifiers": ["ethernet", group],
  "clsfr.eth.smac": ["sourceMac", text],
  "clsfr.eth.dmac": ["destinationMac", text],
  "clsfr.eth.ethertype": ["etherType", hex],
  "801.1P/Q Classifiers": ["vlan", group],
  "clsfr.dot1q.userpri": ["userPriority", numbers(1)],
  "clsfr.dot1q.ethertype": ["vlanId", number],
  "IPv6 Classifier": ["ipv6", group],
  "IPv6 Traffic Class Range and Mask": ["trafficClassRangeAndMask", hex],
  "clsfr.ip6.flowlabel": ["flowLabel", hex],
  "clsfr.ip6.nextheader": ["nextHeader", number],
  "clsfr.ip6.src": ["sourceAddress", text],
  "clsfr.ip6.src_prefix_length": ["sourcePrefixLength", number],
  "clsfr.ip6.dst": ["destinationAddress", text],
  "clsfr.ip6.dst_prefix_length": ["destinationPrefixLength", number],
  "Upstream Service Flow": ["upstreamServiceFlow", group],
  "Downstream Service Flow": ["downstreamServiceFlow", group],
  "sflow.ref": ["reference", number],
  "sflow.id": ["serviceFlowId", number],
  "sflow.sid": ["serviceId", number],
  "sflow.cname": ["serviceClassName", text],
  "sflow.qos": ["qosParameterSet", number],
  "sflow.trafpri": ["trafficPriority", number],
  "sflow.maxtrafrate": ["maxSustainedRate", number],
  "sflow.maxburst": ["maxTrafficBurstBytes", number],
  "sflow.mintrafrate": ["minReservedRate", number],
  "sflow.assumed_min_pkt_size": ["minReservedPacketBytes", number],
  "sflow.act_timeout": ["activeTimeoutSeconds", number],
  "sflow.adm_timeout": ["admittedTimeoutSeconds", number],
  "sflow.maxconcat": ["maxConcatenatedBurstBytes", number],
  "sflow.max_down_lat": ["maxLatencyMicroseconds", number],
  "sflow.schedtype": ["schedulingType", number],
  "sflow.reqxmitpol": ["requestTransmissionPolicy", hex],
  "sflow.nominal_polling": ["nominalPollingIntervalMicroseconds", number],
  "sflow.down_reseq": ["resequencing", number],
  "sflow.toler_jitter": ["toleratedPollJitterMicroseconds", number],
  "sflow.ugs_size": ["unsolicitedGrantBytes", number],
  "sflow.nom_grant_intvl": ["nominalGrantIntervalMicroseconds", number],
  "sflow.tol_grant_jitter": ["toleratedGrantJitterMicroseconds", number],
  "sflow.grnts_per_intvl": ["grantsPerInterval", number],
  "sflow.iptos_overwrite": ["tosOverwrite", hex],
  "sflow.num_of_bytes_requested_mult": ["requestedBytesMultiplier", number],
  "sflow.peak_traffic_rate": ["peakTrafficRate", number],
  "sflow.req_attr_mask": ["requiredAttributes", hex],
  "sflow.forb_attr_mask": ["forbiddenAttributes", hex],
  "sflow.attr_aggr_rule_mask": ["attributeAggregationRule", hex],
  "PHS Encodings": ["headerSuppression", group],
  "phs.classref": ["classifierReference", number],
  "phs.classid": ["classifierId", number],
  "phs.sflowref": ["serviceFlowReference", number],
  "phs.sflowid": ["serviceFlowId", number],
  "phs.dscaction": ["dynamicChangeAction", number],
  "phs.phsf": ["suppressedField", hex],
  "phs.phsi": ["index", number],
  "phs.phsm": ["mask", hex],
  "phs.phss": ["suppressedBytes", number],
  "phs.dbc_action": ["bondingChangeAction", number],
  maxclass: ["maxClassifiers", number],
  bpi_en: ["privacyEnable", flag],
  mfgr_cvc: ["manufacturerCvc", hex],
  cosign_cvc: ["coSignerCvc", hex],
  snmpv3: ["snmpV3Kickstart", group],
  "snmpv3.secname": ["securityName", text],
  "snmpv3.publicnum": ["managerPublicNumber", hex],
  subsmgmtctrl: ["subscriberManagementControl", hex],
  subsipentry: ["subscriberManagementCpeAddresses", oneOfMany],
  subsfltrgrps: ["subscriberManagementFilterGroups", numbers(2)],
  enable20mode: ["docsis20Enable", flag],
  enabletestmodes: ["enableTestModes", hex],
  "Downstream Channel List": ["downstreamChannelList", group],
  "Single Downstream Channel": ["singleChannel", group],
  "dschlist.single.timeout": ["timeoutSeconds", number],
  "dschlist.single.freq": ["frequencyHz", number],
  "Downstream Frequency Range": ["frequencyRange", group],
  "dschlist.range.timeout": ["timeoutSeconds", number],
  "dschlist.range.start": ["startHz", number],
  "dschlist.range.end": ["endHz", number],
  "dschlist.range.step": ["stepHz", number],
  "dschlist.defaulttimeout": ["defaultScanTimeoutSeconds", number],
  mcmac: ["multicastMac", text],
  "DOCSIS Extension Field": ["vendorSpecific", ({ fields }) => group(fields[0])],
  "docsis_vsif.vendorid": ["vendorId", hex],
  "docsis_vsif.gex.loadbal_policyid": ["loadBalancingPolicyId", number],
  "docsis_vsif.gex.loadbal_priority": ["loadBalancingPriority", number],
  "docsis_vsif.gex.loadbal_group_id": ["loadBalancingGroupId", number],
  "docsis_vsif.gex.ranging_class_id_extension": ["rangingClassIdExtension", number],
  "docsis_vsif.gex.extended_cmts_mic_configuration_setting": ["extendedCmtsMic", group],
  "docsis_vsif.gex.extended_cmts_mic_hmac_type": ["hmacType", number],
  "docsis_vsif.gex.extended_cmts_mic_bitmap": ["tlvBitmap", hex],
  "docsis_vsif.gex.extended_cmts_mic_digest_subtype": ["explicitDigest", hex],
  "docsis_vsif.gex.cmam": ["attributeMasks", group],
  "docsis_vsif.gex.cmam.cm_required_downstream_attribute": ["downstreamRequired", hex],
  "docsis_vsif.gex.cmam.cm_forbidden_downstream_attribute": ["downstreamForbidden", hex],
  "docsis_vsif.gex.cmam.cm_required_upstream_attribute": ["upstreamRequired", hex],
  "docsis_vsif.gex.cmam.cm_forbidden_upstream_attribute": ["upstreamForbidden", hex],
  "docsis_vsif.gex.service_type_identifier": ["serviceTypeIdentifier", text],
  "Downstream Unencrypted Traffic": ["dutFiltering", group],
  "dut.control": ["control", flag],
  "dut.cmim": ["interfaceMask", hex],
  "Channel Assignment Configuration Settings": ["channelAssignment", group],
  "ch_asgn.us_ch_id": ["upstreamChannelId", number],
  "ch_asgn.rx_freq": ["downstreamFrequencyHz", number],
  sw_upg_srvr_ipv6: ["softwareServerIpv6", text],
  tftp_prov_cm_ipv6_addr: ["tftpModemIpv6Address", text],
  us_drop_clfy_group_id: ["upstreamDropClassifierGroups", numbers(1)],
  subs_mgmt_ctrl_max_cpe_ipv6: ["subscriberManagementIpv6AddressesMax", number],
  "CMTS Static Multicast Session Encoding": ["staticMulticastSession", group],
  "cmts_mc_sess_enc.grp": ["group", ipv4FromBytes],
  "cmts_mc_sess_enc.src": ["source", ipv4FromBytes],
  "cmts_mc_sess_enc.cmim": ["interfaceMask", hex],
  em_mode_ind: ["energyManagementIndicator", number],
};

/** Types whose value tshark shows as bytes, though there are fields in it. */
const opaque: Readonly<Record<string, number>> = {
  snmp_access: 10,
  snmp_obj: 11,
  bpi: 17,
  snmpv3ntfy: 38,
  us_drop_clfy: 60,
  subs_mgmt_ipv6_lst: 61,
};

export const opaqueTypes: readonly number[] = Object.values(opaque);

/** Said elsewhere as well: the MICs beside the settings, the addresses one by one. */
const passedOver: ReadonlySet<string> = new Set(["cmmic", "cmtsmic", "subsiptable"]);

const VENDOR_SPECIFIC = 43;

type Setting = Readonly<Record<string, Plain>>;

/**
 * The settings that tshark found, in its order, as `readCmSettings` takes them: by our names, and raw
 * what it shows as bytes. Throws on anything else that it shows, a complaint included.
 */
export function settingsOf(fields: readonly DissectedField[]): Setting[] {
  const settings: Setting[] = [];
  for (const field of fields) {
    const key = keyOf(field);
    if (passedOver.has(key)) continue;
    const setting = settingOf(key, field);
    const joined = joinedList(settings.at(-1), setting);
    if (joined === undefined) settings.push(setting);
    else settings[settings.length - 1] = joined;
  }
  return settings;
}

export const isRaw = (setting: Setting): boolean => "type" in setting;

function settingOf(key: string, field: DissectedField): Setting {
  if (key === "unknown") {
    return {
      type: number(partOf(field, "docsis_tlv.unknown.type")),
      // Nothing is shown for a value of no bytes.
      hex: field.fields.find(({ name }) => name === "docsis_tlv.unknown.value")?.hex ?? "",
    };
  }
  const type = opaque[key] ?? (isOfVendor(field) ? VENDOR_SPECIFIC : undefined);
  if (type !== undefined) return { type, hex: field.hex };
  const [name, read] = known[key] ?? [];
  if (name !== undefined && read !== undefined) return { [name]: read(field) };
  const detail = [field, ...field.fields].map((part) => part.show).join(" ");
  throw new Error(`tshark shows ${key} (${detail}), which has no name here`);
}

function partOf(field: DissectedField, name: string): DissectedField {
  const part = field.fields.find((inner) => inner.name === name);
  if (part !== undefined) return part;
  throw new Error(`tshark shows ${field.name} without ${name}`);
}

/** TLV 43 of a vendor that tshark has no fields for. */
function isOfVendor({ fields }: DissectedField): boolean {
  return fields[0]?.fields.some(({ name }) => name === "docsis_vsif.unknown") ?? false;
}

/** The name, or the heading without its number and its length: `.9 IP Classifier (Length = 49)`. */
function keyOf({ name, show }: DissectedField): string {
  return name === ""
    ? show.replace(/^\.*\d+ /, "").replace(/ \(Length = \d+\)$/, "")
    : name.replace(/^docsis_tlv\./, "");
}

/** Elements of one list, which tshark shows one after the other. */
function joinedList(before: Setting | undefined, setting: Setting): Setting | undefined {
  const [name, value] = Object.entries(setting)[0];
  const list = before?.[name];
  if (name !== known["subsipentry"][0] || !Array.isArray(list)) return undefined;
  return { [name]: [...(list as Plain[]), ...(value as Plain[])] };
}

/** A group is an object, or a list when it has something raw or a name twice. */
function inOneObject(settings: readonly Setting[]): Plain {
  const together: Setting = Object.assign({}, ...settings);
  const isList = settings.some(isRaw) || Object.keys(together).length < settings.length;
  return isList ? settings : together;
}
