export interface OutgoingOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** A message to be sent; hlen is the length of `chaddr`. Option codes are 1 to 254, each once. */
export interface OutgoingPacket {
  readonly op: number;
  readonly htype: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: number;
  readonly yiaddr: number;
  readonly siaddr: number;
  readonly giaddr: number;
  /** Up to 16 bytes. */
  readonly chaddr: Uint8Array;
  /** Up to 64 bytes, zero-filled on the wire. */
  readonly sname: Uint8Array;
  /** Up to 128 bytes, zero-filled on the wire. */
  readonly file: Uint8Array;
  readonly options: readonly OutgoingOption[];
}

export interface EncodeLimits {
  /** Cookie, options and End, without option 82: 312 fills the 576-byte datagram of RFC 2131. */
  readonly optionBytesMax: number;
  /** The message is zero-filled to this length: 300 is what BOOTP relays expect (RFC 1542). */
  readonly packetBytesMin: number;
  /** Whether file and sname may hold options when they are empty (option 52). */
  readonly overload: boolean;
}

export const defaultEncodeLimits: EncodeLimits = {
  optionBytesMax: 312,
  packetBytesMin: 300,
  overload: true,
};
