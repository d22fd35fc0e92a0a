/** Values of option 53 (RFC 2132 section 9.6, RFC 3203, RFC 4388; guide, Appendix A: MSG). */
export const MessageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
  forceRenew: 9,
  leaseQuery: 10,
  leaseUnassigned: 11,
  leaseUnknown: 12,
  leaseActive: 13,
} as const;

export type MessageType = (typeof MessageType)[keyof typeof MessageType];

// The table has every number from 1 on.
const names = ["BOOTP", ...Object.keys(MessageType).map((name) => `DHCP${name.toUpperCase()}`)];

/** The RFC's name of a message type, for logs and reports; 0 is BOOTP. */
export function messageTypeName(type: number): string {
  return names[type] ?? `type ${type}`;
}
