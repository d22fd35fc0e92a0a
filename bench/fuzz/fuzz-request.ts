export const fuzzSubjects = ["dhcp", "tftp", "config"] as const;
export type FuzzSubject = (typeof fuzzSubjects)[number];

export interface FuzzRequest {
  /** Which campaigns run; all of them when undefined. */
  readonly only: FuzzSubject | undefined;
  /** Packets for each decoder and for each server; 0: not that one. */
  readonly decoder: number;
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

/** Longer than any campaign of a million packets takes. */
export const SERVER_MS_MAX = 20 * 60_000;
