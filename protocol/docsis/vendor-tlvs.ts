import { field, group, type TlvDefinition, tlvTable } from "./tlv-definition.ts";

const vendorId = field(8, "vendorId", "hex", [3, 3]);

const extensions = group(
  43,
  "vendorSpecific",
  field(1, "loadBalancingPolicyId", "u32"),
  field(2, "loadBalancingPriority", "u32"),
  field(3, "loadBalancingGroupId", "u32"),
  field(4, "rangingClassIdExtension", "u16"),
  field(5, "l2vpnEncoding", "hex"),
  group(
    6,
    "extendedCmtsMic",
    field(1, "hmacType", "u8"),
    field(2, "tlvBitmap", "hex"),
    field(3, "explicitDigest", "hex"),
  ),
  field(7, "sourceAddressVerification", "hex"),
  vendorId,
  group(
    9,
    "attributeMasks",
    field(1, "downstreamRequired", "hex", [4, 4]),
    field(2, "downstreamForbidden", "hex", [4, 4]),
    field(3, "upstreamRequired", "hex", [4, 4]),
    field(4, "upstreamForbidden", "hex", [4, 4]),
  ),
  field(10, "multicastJoinAuthorization", "hex"),
  field(11, "serviceTypeIdentifier", "text", [1, 16]),
  field(12, "demarcAutoConfiguration", "hex"),
);

/**
 * TLV 43. After vendor identifier ffffff, the fields are DOCSIS's own extensions and have names; those of
 * a real vendor are written raw. The layer 2 VPN encoding (5) and others stay hexadecimal.
 */
export const vendorSpecific: TlvDefinition = {
  ...extensions,
  variant: {
    startsWith: Uint8Array.of(8, 3, 0xff, 0xff, 0xff),
    otherwise: tlvTable(vendorId),
  },
};
