export type TransferMode = "octet" | "netascii" | "mail";

/** An option of RFC 2347 as written in the packet; names are lower case when decoded. */
export interface TftpOption {
  readonly name: string;
  readonly value: string;
}

export interface TftpRequest {
  readonly kind: "read-request" | "write-request";
  /** As the client wrote it: not empty and without control characters, but otherwise any path. */
  readonly filename: string;
  readonly mode: TransferMode;
  readonly options: readonly TftpOption[];
}

export interface TftpData {
  readonly kind: "data";
  /** 16 bits: block 65,536 is 0. */
  readonly block: number;
  /** A view of the packet. */
  readonly bytes: Uint8Array;
}

export interface TftpAck {
  readonly kind: "ack";
  readonly block: number;
}

export interface TftpError {
  readonly kind: "error";
  /** One of tftpErrorCodes, or a number that no RFC names. */
  readonly code: number;
  readonly message: string;
}

export interface TftpOptionAck {
  readonly kind: "option-ack";
  readonly options: readonly TftpOption[];
}

export type TftpPacket = TftpRequest | TftpData | TftpAck | TftpError | TftpOptionAck;

/** RFC 1350, appendix I; the last one is from RFC 2347. */
export const tftpErrorCodes = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  diskFull: 3,
  illegalOperation: 4,
  unknownTransferId: 5,
  optionRefused: 8,
} as const;

export const TftpOpcode = {
  readRequest: 1,
  writeRequest: 2,
  data: 3,
  ack: 4,
  error: 5,
  optionAck: 6,
} as const;

export const TFTP_PORT = 69;
/** Opcode and block number before the bytes of DATA. */
export const DATA_HEADER_BYTES = 4;
export const BLOCK_BYTES_DEFAULT = 512;
export const BLOCK_BYTES_MIN = 8;
export const BLOCK_BYTES_MAX = 65_464;
/** RFC 2347: a request has at most 512 octets; the same limit applies to its OACK. */
export const REQUEST_BYTES_MAX = 512;
/** More than RFCs define, but few enough that a packet of empty values stays cheap. */
export const OPTIONS_MAX = 32;
export const ERROR_MESSAGE_BYTES_MAX = 508;

/** A client's request; its options are sent in the given order. */
export interface TransferRequest {
  readonly filename: string;
  readonly mode: TransferMode;
  readonly options?: readonly TftpOption[];
}
