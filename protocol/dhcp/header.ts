/** The fixed part of a BOOTP/DHCP message (RFC 2131, section 2): byte offsets and field sizes. */

export const Offset = {
  op: 0,
  htype: 1,
  hlen: 2,
  hops: 3,
  xid: 4,
  secs: 8,
  flags: 10,
  ciaddr: 12,
  yiaddr: 16,
  siaddr: 20,
  giaddr: 24,
  chaddr: 28,
  sname: 44,
  file: 108,
  cookie: 236,
  options: 240,
} as const;

export const CHADDR_BYTES = 16;
export const SNAME_BYTES = 64;
export const FILE_BYTES = 128;
export const COOKIE = 0x6382_5363;
export const COOKIE_BYTES = 4;

export const BootOperation = { request: 1, reply: 2 } as const;

/** Set in `flags` by a client that can only hear broadcasts (RFC 2131, section 4.1). */
export const BROADCAST_FLAG = 0x8000;

/** Values of option 52: which header fields hold options (RFC 2132, section 9.3). */
export const Overload = { file: 1, sname: 2, both: 3 } as const;
