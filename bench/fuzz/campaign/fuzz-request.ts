export const fuzzSubjects = ["dhcp", "tftp", "config"] as const;
export type FuzzSubject = (typeof fuzzSubjects)[number];

export interface FuzzRequest {
  /** Packets for each server; 0: none. */
  readonly server: number;
  /** Statements of dhcpd.conf with expressions in them; 0: none. */
  readonly expressions: number;
  readonly seed: number;
  /** Exists; the servers' files go there. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  readonly onResult: (line: string) => void;
}
