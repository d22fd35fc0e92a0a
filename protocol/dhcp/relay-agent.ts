import { areSubOptions } from "./sub-options.ts";

/** Sub-option numbers of option 82 (RFC 3046, 3527, 5107, 8357). */
export const RelayAgentCode = {
  circuitId: 1,
  remoteId: 2,
  linkSelection: 5,
  serverIdentifierOverride: 11,
  relaySourcePort: 19,
} as const;

/** Whether the bytes are whole sub-options: RFC 3046 has neither pads nor an end marker. */
export function isRelayAgentInformation(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  return end > start && areSubOptions(bytes, start, end);
}
