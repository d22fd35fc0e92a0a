import { field, group } from "./tlv-definition.ts";

/** TLV 53, also inside 202: who may read and write with a community name. */
export const snmpCoexistence = group(
  53,
  "snmpCoexistence",
  field(1, "communityName", "text"),
  group(
    2,
    "transportAccess",
    field(1, "address", "transport-address"),
    field(2, "mask", "transport-address"),
  ),
  field(3, "accessViewType", "u8", [1, 2]),
  field(4, "accessViewName", "text"),
);

/** TLV 54, also inside 202. View type 1 includes the subtree, 2 excludes it. */
export const snmpAccessView = group(
  54,
  "snmpAccessView",
  field(1, "name", "text"),
  field(2, "subtree", "oid"),
  field(3, "mask", "hex"),
  field(4, "viewType", "u8", [1, 2]),
);

/** TLV 202: a router in the same box as the modem. */
export const eRouter = group(
  202,
  "eRouter",
  field(1, "initializationMode", "u8", [0, 3]),
  group(
    2,
    "tr069",
    field(1, "enable", "u8", [0, 1]),
    field(2, "url", "text"),
    field(3, "username", "text"),
    field(4, "password", "text"),
    field(5, "connectionRequestUsername", "text"),
    field(6, "connectionRequestPassword", "text"),
    field(7, "acsOverride", "u8", [0, 1]),
  ),
  field(3, "initializationModeOverride", "u8", [0, 1]),
  field(10, "routerAdvertisementSeconds", "u16", [3, 1800]),
  field(11, "snmpObject", "snmp-object"),
  field(42, "topologyMode", "u8", [1, 2]),
  group(43, "vendorSpecific", field(8, "vendorId", "hex", [3, 3])),
  snmpCoexistence,
  snmpAccessView,
);

/** TLV 217: a set-top box in the same box as the modem. */
export const eStb = group(
  217,
  "eStb",
  field(1, "ipMode", "u8", [0, 2]),
  field(11, "snmpObject", "snmp-object"),
  snmpCoexistence,
);
